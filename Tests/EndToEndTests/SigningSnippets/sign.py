#!/usr/bin/env python3
"""Signs the URL of an image, and prints the query. docs/security.md shows the function.

usage: sign.py PATH QUERY SECONDS KID SECRET NOW
"""
import sys

import base64, hashlib, hmac

GRAIN = 300  # as SIGNED_URL_GRAIN_SECONDS

def signed_query(path, query, seconds, kid, secret, now):
    expires = -(-(now + seconds) // GRAIN) * GRAIN
    issued = now // GRAIN * GRAIN
    signed = f"{query}&" if query else ""
    signed += f"exp={expires}&iat={issued}&kid={kid}"
    text = f"tintype-url-1\n{path}\n{signed}"
    code = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{signed}&sig={base64.urlsafe_b64encode(code).decode().rstrip('=')}"

if __name__ == "__main__":
    path, query, seconds, kid, secret, now = sys.argv[1:]
    print(signed_query(path, query, int(seconds), kid, secret, int(now)))
