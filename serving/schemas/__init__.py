"""marshmallow schemas of requests and responses, and conversion of rows to arrays."""
