"""Stand-ins for carriers' APIs for proofs of delivery, built from what the carriers publish (FedEx: Track API, Track
Document; DHL: MyDHL API, Electronic Proof of Delivery). No answer of the real ones has been seen."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

CLIENT = {"client_id": "we", "client_secret": "hush"}
LOGIN = {"username": "us", "password": "hush"}


class ProofApi:
    """Both APIs. ``proofs``: what lies there by number; of any other number there is none."""

    def __init__(self) -> None:
        self.proofs: dict[str, bytes] = {}
        self.asked: list[dict[str, Any]] = []
        self.tokens = 0
        self.app = FastAPI()
        self.app.post("/oauth/token")(self.token)
        self.app.post("/track/v1/trackingdocuments")(self.fedex)
        self.app.get("/mydhlapi/shipments/{number}/proof-of-delivery")(self.mydhl)

    async def token(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        if [form.get(name) for name in CLIENT] != [[value] for value in CLIENT.values()]:
            return JSONResponse({"errors": [{"code": "NOT.AUTHORIZED.ERROR", "message": "no such client"}]}, 401)
        self.tokens += 1
        return JSONResponse({"access_token": f"t-{self.tokens}", "token_type": "bearer", "expires_in": 3600})

    async def fedex(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer t-{self.tokens}":
            return JSONResponse({"errors": [{"code": "NOT.AUTHORIZED.ERROR", "message": "log in"}]}, 401)
        self.asked.append(await request.json())
        [one] = self.asked[-1]["trackDocumentSpecification"]
        proof = self.proofs.get(one["trackingNumberInfo"]["trackingNumber"])
        if proof is None:
            error = {"code": "SPOD.UNAVAILABLE", "message": "the document is not available"}
            return JSONResponse({"transactionId": "t", "errors": [error]}, 400)
        detail = self.asked[-1]["trackDocumentDetail"]
        return JSONResponse({"transactionId": "t", "output": {
            "localization": {"localeCode": "US", "languageCode": "en"}, "documentType": detail["documentType"],
            "documentFormat": detail["documentFormat"], "documents": [base64.b64encode(proof).decode()],
        }})

    async def mydhl(self, number: str, request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(given).decode() != ":".join(LOGIN.values()):
            return JSONResponse({"status": 401, "title": "Unauthorized"}, 401)
        proof = self.proofs.get(number)
        if proof is None:
            return JSONResponse({"status": 404, "title": "Not found", "detail": "No ePOD for the waybill"}, 404)
        content = base64.b64encode(proof).decode()
        return JSONResponse({"documents": [{"typeCode": "POD", "format": "PDF", "content": content}]})
