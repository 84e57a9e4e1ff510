"""The least that a FastAPI service can do with the same body: parse it as FastAPI does by itself, answer a constant."""

from fastapi import FastAPI

from raretriage.serving.wire import PredictRequest

ANSWER = {"status": "ENFERMEDAD LEVE"}

app = FastAPI()


@app.get("/ready")
async def ready() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/predict")
async def predict(request: PredictRequest) -> dict[str, str]:  # noqa: ARG001 - that it is parsed is the point
    return ANSWER
