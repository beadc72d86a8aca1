"""Teaches the property-based tester the formats of certificates: to it they are text and bytes."""

import schemathesis

schemathesis.serializer.alias("application/pkcs10", "text/plain")
schemathesis.serializer.alias("application/ocsp-request", "application/octet-stream")
