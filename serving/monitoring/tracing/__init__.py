"""Traces: a span for each sampled request, sent to a collector over OTLP/HTTP."""
