"""What is known of the service: metrics, logs, prediction log, shadow."""
