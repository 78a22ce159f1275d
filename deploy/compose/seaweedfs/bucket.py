"""Create MLflow's bucket, if it does not exist."""

import boto3

client = boto3.client("s3")
try:
    client.create_bucket(Bucket="mlflow")
except (
    client.exceptions.BucketAlreadyExists,
    client.exceptions.BucketAlreadyOwnedByYou,
):
    print("The bucket mlflow exists.")
