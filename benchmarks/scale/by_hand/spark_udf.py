"""Scores Parquet with mlflow.pyfunc.spark_udf: spark_udf.py MODEL ROWS TARGET CORES."""

import json
import os
import sys
from pathlib import Path

import mlflow.pyfunc
from pyspark.sql import SparkSession
from pyspark.sql.functions import struct

model, rows, target, cores = sys.argv[1:]
os.environ["PYSPARK_PYTHON"] = sys.executable
columns = json.loads(Path(model, "about.json").read_text())["columns"]
spark = (
    SparkSession.builder.master(f"local[{cores}]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.sql.execution.arrow.maxRecordsPerBatch", 65_536)
    .getOrCreate()
)
predict = mlflow.pyfunc.spark_udf(
    spark, str(Path(model, "sklearn")), result_type="string", env_manager="local"
)
table = spark.read.parquet(rows)
scored = table.withColumn("prediction", predict(struct(*columns)))
scored.write.mode("overwrite").parquet(target)
gateway = spark.sparkContext._gateway
spark.stop()
# CPU time only includes processes that were waited for, and Spark leaves Java running.
gateway.shutdown()
gateway.proc.stdin.close()
gateway.proc.wait()
