"""Traces: a span per sampled request, sent to a collector over OTLP/HTTP."""
