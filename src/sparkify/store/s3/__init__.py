"""Objects in S3, or in a store that speaks its protocol.

botocore lists, writes and deletes: it finds credentials, regions and endpoints as AWS's own tools do, follows a bucket
into its region, and takes any key. obstore reads: it is several times faster for many small objects. It reads at the
address, and signs for the region, of the request that the bucket has answered to botocore. Keys that obstore would
change or refuse are read by botocore.
"""
