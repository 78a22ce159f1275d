"""The OpenAPI document, generated from the schemas."""
