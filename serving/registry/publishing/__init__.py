"""Publishing: versions are downloaded, verified, published and pruned."""
