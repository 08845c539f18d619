"""Python: what it reports of each URL, given as URL CA CRL CERTIFICATE; - is none.

It is as strict as Python 3.13 is by default.
"""

import ssl
import sys
import urllib.error
import urllib.request

for case in sys.argv[1:]:
    url, ca, crl, certificate = case.split(" ")
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    if crl != "-":
        context.load_verify_locations(crl)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    if certificate != "-":
        context.load_cert_chain(certificate)
    try:
        with urllib.request.urlopen(url, timeout=20, context=context) as answer:
            print(answer.status)
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, ssl.SSLCertVerificationError):
            print(f"{reason.verify_code}, {reason.verify_message.split(', certificate')[0]}")
        else:
            print(reason.reason if isinstance(reason, ssl.SSLError) else reason)
    except ssl.SSLError as error:
        print(error.reason)
