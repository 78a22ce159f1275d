-- The database of predictions, and a user without access to other databases. Idempotent;
-- running it again also updates the password.
\getenv password PREDICTIONS_PASSWORD

SELECT 'CREATE ROLE predictions'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'predictions') \gexec
ALTER ROLE predictions LOGIN PASSWORD :'password';

SELECT 'CREATE DATABASE predictions OWNER predictions'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'predictions') \gexec
REVOKE CONNECT, TEMPORARY ON DATABASE mlflow, postgres, template1, predictions FROM PUBLIC;
