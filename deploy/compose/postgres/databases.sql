-- The databases and their users; each user can only access its own database. Idempotent: also
-- sets changed passwords and, after a restore, the owners of tables.
\getenv mlflow MLFLOW_DATABASE_PASSWORD
\getenv serving SERVING_DATABASE_PASSWORD
\getenv training TRAINING_DATABASE_PASSWORD

SELECT format('CREATE ROLE %I', name) FROM unnest(ARRAY['mlflow', 'serving', 'training']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE mlflow LOGIN PASSWORD :'mlflow';
ALTER ROLE serving LOGIN PASSWORD :'serving';
ALTER ROLE training LOGIN PASSWORD :'training';

SELECT format('CREATE DATABASE %I', name) FROM unnest(ARRAY['mlflow', 'predictions']) AS name
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec
ALTER DATABASE mlflow OWNER TO mlflow;
REVOKE CONNECT, TEMPORARY ON DATABASE mlflow, postgres, predictions, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE predictions TO serving, training;

-- The service owns predictions and feedback. Training reads them, and batch scoring adds
-- predictions, but neither can change existing rows. The service cannot access the watcher's
-- records.
\connect predictions
GRANT CREATE ON SCHEMA public TO serving, training;
SELECT format(
    'ALTER TABLE %I OWNER TO %I',
    tablename, CASE WHEN starts_with(tablename, 'watcher_') THEN 'training' ELSE 'serving' END
) FROM pg_tables WHERE schemaname = 'public' \gexec
SELECT format('GRANT SELECT, INSERT ON %I TO training', tablename)
FROM pg_tables WHERE schemaname = 'public' AND tableowner = 'serving' \gexec
ALTER DEFAULT PRIVILEGES FOR ROLE serving IN SCHEMA public
    GRANT SELECT, INSERT ON TABLES TO training;
