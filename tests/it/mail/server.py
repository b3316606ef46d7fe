"""A mail server for a test: aiosmtpd on loopback, with STARTTLS, which it demands before anything else, and a login.

Arguments: port, folder. The folder holds server.pem and server.key; each letter becomes a file `NUMBER.eml` in it, whole at once.
The password comes through the variable MAIL_PASSWORD.
"""

import os
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PORT, FOLDER = int(sys.argv[1]), sys.argv[2]


class Letters:
    count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 there is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        path = os.path.join(FOLDER, f"{self.count}.eml")
        with open(path + ".part", "wb") as letter:
            letter.write(f"X-Envelope: {envelope.mail_from} to {', '.join(envelope.rcpt_tos)}; ".encode())
            letter.write(f"tls={session.ssl is not None} login={session.authenticated}\r\n".encode())
            letter.write(envelope.original_content)
        os.rename(path + ".part", path)
        return f"250 queued as {self.count}"


def knows(server, session, envelope, mechanism, login):
    known = (login.login, login.password) == (b"golive", os.environ["MAIL_PASSWORD"].encode())
    # The answer is the server's to send, not this function's.
    return AuthResult(success=known, handled=False)


tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(os.path.join(FOLDER, "server.pem"), os.path.join(FOLDER, "server.key"))
Controller(
    Letters(),
    hostname="127.0.0.1",
    port=PORT,
    server_hostname="mail.example",
    tls_context=tls,
    require_starttls=True,
    authenticator=knows,
    auth_required=True,
).start()
while True:
    time.sleep(3600)
