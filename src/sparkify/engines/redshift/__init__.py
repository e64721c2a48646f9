"""The warehouse in Amazon Redshift, provisioned or Serverless."""
