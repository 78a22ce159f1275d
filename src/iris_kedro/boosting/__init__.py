"""Support for LightGBM and XGBoost, which are only imported for their candidates."""
