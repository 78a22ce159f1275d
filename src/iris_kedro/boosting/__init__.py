"""LightGBM and XGBoost as candidates; neither is loaded unless a candidate uses it."""
