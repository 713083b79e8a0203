"""A stock gRPC client against a running service: it knows nothing but the address, and learns all else by reflection.

usage: stock_client.py TARGET, e.g. 127.0.0.1:7410 or unix:///run/chainbox/chainbox.sock; needs grpcio and grpcio-reflection.
"""

import sys

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE = "chainbox.v1.Verification"

# RFC 6979, A.2.5: P-256 with SHA-256, message "sample".
KEY = bytes.fromhex(
    "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)
SIGNATURE = bytes.fromhex(
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
)


def method(channel, pool, name):
    """A callable for a unary method, and the class of its requests."""
    described = pool.FindServiceByName(SERVICE).FindMethodByName(name)
    request, response = (message_factory.GetMessageClass(kind) for kind in (described.input_type, described.output_type))
    call = channel.unary_unary(f"/{SERVICE}/{name}", request.SerializeToString, response.FromString)
    return call, request


def check(what, is_right):
    print(f"{'right' if is_right else 'WRONG'}  {what}")
    return is_right


def main(target):
    # Over a Unix socket the C core of gRPC names the socket's path as the authority, which HTTP/2 servers that check it refuse.
    with grpc.insecure_channel(target, options=(("grpc.default_authority", "localhost"),)) as channel:
        reflected = ProtoReflectionDescriptorDatabase(channel)
        services = set(reflected.get_services())
        pool = descriptor_pool.DescriptorPool(reflected)
        verify, request = method(channel, pool, "Verify")
        asked = request(
            scheme="SCHEME_ECDSA_P256_SHA256",
            input="INPUT_MESSAGE",
            encoding="ENCODING_RAW",
            keys={"data": KEY * 2, "width": len(KEY)},
            inputs={"data": b"sampleSample", "width": 6},
            signatures={"data": SIGNATURE * 2, "width": len(SIGNATURE)},
        )
        answer, call = verify.with_call(asked, metadata=(("x-request-id", "stock-1"),), timeout=10)
        verdict = pool.FindEnumTypeByName("chainbox.v1.Verdict").values_by_name
        expected = bytes([verdict["VERDICT_VALID"].number, verdict["VERDICT_EQUATION"].number])
        capabilities, capabilities_request = method(channel, pool, "Capabilities")
        told = capabilities(capabilities_request(), timeout=10)
        try:
            verify(request(scheme=99), timeout=10)
            refused = None
        except grpc.RpcError as error:
            refused = error.code()
        results = [
            check(f"reflection lists {SERVICE} and the health service", {SERVICE, "grpc.health.v1.Health"} <= services),
            check("a valid and an invalid signature", answer.verdicts == expected and not answer.all_valid),
            check("the request id comes back", ("x-request-id", "stock-1") in call.initial_metadata()),
            check("capabilities", len(told.schemes) == 4 and told.limits.message_bytes_max > 0),
            check("a malformed request is refused", refused == grpc.StatusCode.INVALID_ARGUMENT),
        ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
