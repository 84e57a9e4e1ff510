import pytest

from raretriage.knowledge import Knowledge
from tests.cohort.described import every_rare


@pytest.mark.parametrize(
    ("disease", "share"),
    [
        ("ORPHA:9", 0.0),  # tetrasomy X
        ("ORPHA:244242", 0.0),  # HELLP
        ("ORPHA:538", 0.02),  # lymphangioleiomyomatosis
        ("ORPHA:10", 1.0),  # 48,XXYY
        ("ORPHA:47", 0.95),  # X-linked agammaglobulinemia
        ("ORPHA:69665", 0.0),  # cholestasis of pregnancy
        ("ORPHA:3376", 0.5),  # triploidy, with cryptorchidism and hypospadias among the boys
        ("ORPHA:707", 0.5),  # plague
    ],
)
def test_known_diseases_have_the_sex_of_a_textbook(knowledge: Knowledge, disease: str, share: float) -> None:
    assert next(p for p in every_rare(knowledge).profiles if p.disease == disease).male_share == share
