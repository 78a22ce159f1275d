"""The OpenAPI document, from the schemas."""
