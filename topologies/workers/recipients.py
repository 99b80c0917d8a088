"""Tells recipients in words: decrypts the address, writes the letter, and hands it to e-mail or chat."""

from __future__ import annotations

import msgspec
import structlog

from config.settings import Settings
from connectors.formats.prepared_types import prepared
from connectors.outbound.answers import Answer, unavailable
from connectors.outbound.chat import ChatClient
from connectors.outbound.mail import Mail, MailClient
from connectors.outbound.recipients import HOSTED, PRIVATE
from connectors.outbound.secrets import SecretBox, Undecryptable
from connectors.outbound.sender import now_ms
from connectors.outbound.sending_rates import SendingRates, host_of
from portal.mail.letters import Links, Written, written
from portal.server.secret import address_of, secret_of
from portal.tracking.brands import load
from portal.tracking.recipient_links import Purpose, RecipientLinks, Who
from portal.tracking.tokens import Subject, Tokens
from streams.contracts.letters import Letter
from streams.contracts.outbound import OutboundRequest
from streams.contracts.recipients import Recipient
from streams.kernel.outbound_vocabulary import AttemptResult, RecipientChannel

log = structlog.get_logger(__name__)


class ToRecipients:
    """Tells one recipient at a time. Make it on the event loop."""

    def __init__(
        self, settings: Settings, box: SecretBox, mail: MailClient | None = None, rates: SendingRates | None = None
    ) -> None:
        """``rates``: that are kept to. Raises Fatal or SettingsError for a secret or brands that cannot be used."""
        outbound = settings.outbound
        self._box, self._settings, self._rates = box, settings, rates
        self._mail = mail or MailClient(settings.mail, outbound.timeout, now_ms)
        self._chat = ChatClient(outbound.timeout, HOSTED | PRIVATE if outbound.private_addresses else HOSTED)
        self._secret, self._address = secret_of(settings), address_of(settings)
        self._brands, _, _ = load(settings.portal.brands)

    async def __call__(self, request: OutboundRequest, recipient: Recipient) -> Answer:
        """Make one attempt; its result, whatever happens."""
        try:
            to = self._box.decrypt(recipient.address)
            letter = msgspec.json.decode(request.body, type=prepared(Letter))
            links = self.links(request, recipient, letter)
            brand = self._brands.of(request.owner)
            told = written(letter, recipient, links, brand.name, brand.colour)
        except Undecryptable as error:
            log.error("a recipient's address cannot be read", recipient=recipient.recipient_id, why=str(error))
            return unavailable(str(error))
        except msgspec.DecodeError as error:
            return Answer(AttemptResult.REFUSED, f"the message cannot be read: {error}")
        is_chat = recipient.channel is RecipientChannel.CHAT
        host = host_of(to) if is_chat else self._settings.mail.host or ""
        if self._rates is not None and (later := await self._rates.turn(request.destination, host)):
            return later
        if is_chat:
            return await self._chat.send(to, told.subject, told.text)
        return await self._mail.send(self._envelope(request, to, told, links, brand.name))

    def links(self, request: OutboundRequest, recipient: Recipient, letter: Letter) -> Links:
        """The links of a letter; the same in every attempt."""
        order = letter.order_id
        tokens = Tokens(self._secret, self._settings.portal.tracking_days, now=lambda: request.first_at / 1000)
        who = Who(request.owner, recipient.order_id, recipient.recipient_id, recipient.channel)
        stop = RecipientLinks(self._secret).made(Purpose.STOP, who)
        track = tokens.made(Subject("order", order, request.owner)) if not letter.link else ""
        return Links(f"{self._address}/t/{track}" if track else "", f"{self._address}/stop/{stop}")

    def _envelope(self, request: OutboundRequest, to: str, told: Written, links: Links, name: str) -> Mail:
        return Mail(to, name, told.subject, told.text, told.html, request.message_id, request.first_at, links.stop)
