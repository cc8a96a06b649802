"""Services that the runtime itself serves, without a transport: reflection and health.

`aristaproto.grpcio` and `aristaproto.grpclib` put them on servers.
"""
