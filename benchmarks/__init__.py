"""The service side by side with others on one machine; see README.md. No part of the package."""
