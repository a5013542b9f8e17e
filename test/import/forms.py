# SPDX-License-Identifier: BSD-2-Clause
"""forms - the same Receive connectors in each form that Exchange prints.

A connector is a dict of Exchange's properties, lists as lists; a permission
is (server, connector, user, deny, rights). Each function returns text.
"""

import json
from xml.sax.saxutils import escape

ENUMERATIONS = {
    "PermissionGroups": {"None": 0, "AnonymousUsers": 1, "ExchangeUsers": 2,
                         "ExchangeServers": 4, "ExchangeLegacyServers": 8,
                         "Partners": 16, "Custom": 32},
    "AuthMechanism": {"None": 0, "Tls": 1, "Integrated": 2, "BasicAuth": 4,
                      "BasicAuthRequireTLS": 8, "ExchangeServer": 16,
                      "ExternalAuthoritative": 32},
    "TransportRole": {"HubTransport": 32, "FrontendTransport": 16384},
}
EVERYONE = ["::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "0.0.0.0-255.255.255.255"]
WILDCARD = ["[::]:25", "0.0.0.0:25"]
ANONYMOUS = "NT AUTHORITY\\ANONYMOUS LOGON"
PRESET = ["ms-Exch-SMTP-Submit", "ms-Exch-SMTP-Accept-Any-Sender",
          "ms-Exch-SMTP-Accept-Authoritative-Domain-Sender",
          "ms-Exch-Accept-Headers-Routing"]
RELAY = "ms-Exch-SMTP-Accept-Any-Recipient"


def connector(name, ranges, groups, server="EX1", bindings=None, **more):
    made = {
        "Name": name, "Server": server, "Enabled": True,
        "TransportRole": "FrontendTransport",
        "Bindings": bindings or WILDCARD, "RemoteIPRanges": ranges,
        "AuthMechanism": ["Tls"], "PermissionGroups": groups,
        "Comment": "", "MaxMessageSize": 37748736, "MaxHeaderSize": 262144,
        "MaxRecipientsPerMessage": 200, "MaxHopCount": 60,
        "MaxLocalHopCount": 5, "MessageRateLimit": "Unlimited",
        "MessageRateSource": "IPAddress", "MaxInboundConnection": 5000,
        "MaxInboundConnectionPerSource": 20,
        "MaxInboundConnectionPercentagePerSource": 2, "RequireTLS": False,
    }
    made.update(more)
    return made


def permissions(connectors):
    """What Get-ADPermission has of connectors with anonymous clients."""
    made = []
    for c in connectors:
        if "AnonymousUsers" in c["PermissionGroups"]:
            rights = list(PRESET)
            if "Custom" in c["PermissionGroups"]:
                rights.append(RELAY)
            made.append((c["Server"], c["Name"], ANONYMOUS, False, rights))
    return made


def sample(count=3, ranges=4):
    """A catch-all, and connectors whose hosts may relay."""
    made = [connector("Default Frontend EX1", EVERYONE, ["AnonymousUsers"])]
    for i in range(1, count):
        made.append(connector(
            f"Relay {i} EX1",
            [f"10.{i}.{j // 200}.{j % 200 + 1}" for j in range(ranges)],
            ["AnonymousUsers", "Custom"], Comment="printers & \"scanners\""))
    return made


def is_size(key):
    return key in ("MaxMessageSize", "MaxHeaderSize")


def printed(key, value):
    if is_size(key):
        unit, shown = (("MB", value >> 20) if value >> 20 else
                       ("KB", value >> 10))
        return f"{shown} {unit} ({value:,} bytes)"
    if isinstance(value, list):
        inner = ", ".join(value)
        return inner if key in ENUMERATIONS else "{" + inner + "}"
    return str(value)


def format_list(objects):
    text = "\n\n"
    for o in objects:
        width = max(map(len, o)) + 1
        text += "".join(f"{k:<{width}}: {printed(k, v)}\n"
                        for k, v in o.items()) + "\n"
    return text + "\n\n"


def acl_objects(acl):
    return [{"Identity": f"{s}\\{c}", "User": u, "Deny": d,
             "IsInherited": False, "ExtendedRights": [r]}
            for s, c, u, d, rights in acl for r in rights]


def csv(objects, separator=",", inner="; "):
    def cell(key, value):
        text = (inner.join(value) if isinstance(value, list)
                else printed(key, value))
        return '"' + text.replace('"', '""') + '"'
    lines = ["#TYPE Selected.Microsoft.Exchange.ReceiveConnector",
             separator.join(f'"{k}"' for k in objects[0])]
    lines += [separator.join(cell(k, v) for k, v in o.items())
              for o in objects]
    return "\r\n".join(lines) + "\r\n"


def as_json(objects):
    def value(key, v):
        if key in ENUMERATIONS:
            words = v if isinstance(v, list) else [v]
            return sum(ENUMERATIONS[key][w] for w in words)
        if is_size(key):
            return printed(key, v)
        return v
    return json.dumps([{k: value(k, v) for k, v in o.items()}
                       for o in objects], indent=4) + "\n"


class Clixml:
    """Ids and types, as PowerShell numbers them: TNRef names an earlier TN."""

    def __init__(self):
        self.next, self.types = 0, {}

    def type(self, name):
        if name in self.types:
            return f'<TNRef RefId="{self.types[name]}" />'
        self.types[name] = len(self.types)
        return (f'<TN RefId="{self.types[name]}"><T>Deserialized.{name}</T>'
                "<T>Deserialized.System.Object</T></TN>")

    def object(self, type_name, inner, name=None):
        named = f' N="{name}"' if name else ""
        self.next += 1
        return (f'<Obj{named} RefId="{self.next}">{self.type(type_name)}'
                f"{inner}</Obj>\n")

    def range(self, text):
        low, _, high = text.partition("-")
        return self.object(
            "Microsoft.Exchange.Data.IPRange",
            f"<ToString>{text}</ToString><Props><S N=\"LowerBound\">{low}</S>"
            f'<S N="UpperBound">{high or low}</S><S N="Size">::1:0:0</S>'
            f'<S N="Expression">{text}</S></Props>')

    def property(self, key, value):
        if key == "RemoteIPRanges":
            return self.list(key, [self.range(v) for v in value])
        if key == "Bindings":
            return self.list(key, [self.object(
                "Microsoft.Exchange.Data.IPBinding",
                f"<ToString>{v}</ToString>") for v in value])
        if key in ENUMERATIONS:
            words = value if isinstance(value, list) else [value]
            number = sum(ENUMERATIONS[key][w] for w in words)
            return self.object(
                f"Microsoft.Exchange.Data.{key}",
                f"<ToString>{', '.join(words)}</ToString><I32>{number}</I32>",
                key)
        if isinstance(value, list):
            return self.list(key, [f"<S>{escape(v)}</S>" for v in value])
        if isinstance(value, bool):
            return f'<B N="{key}">{str(value).lower()}</B>\n'
        if key.startswith("Max") and not is_size(key):
            return self.object(
                "Microsoft.Exchange.Data.Unlimited",
                '<Props><B N="IsUnlimited">false</B>'
                f'<I32 N="Value">{value}</I32></Props>', key)
        return f'<S N="{key}">{escape(printed(key, value))}</S>\n'

    def list(self, key, items):
        inner = f"<LST>{''.join(items)}</LST>" if items else "<LST />"
        return self.object("System.Collections.ArrayList", inner, key)


def clixml(objects, kind="Directory.SystemConfiguration.ReceiveConnector"):
    made = Clixml()
    text = ('<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/'
            'powershell/2004/04">\n')
    for o in objects:
        text += made.object(
            f"Microsoft.Exchange.Data.{kind}",
            "<Props>" + "".join(made.property(k, v) for k, v in o.items())
            + "</Props>")
    return text + "</Objs>\n"


def script(connectors, acl):
    def literal(key, value):
        if isinstance(value, bool):
            return f"${str(value).lower()}"
        if isinstance(value, list):
            return "@(" + ",".join(f"'{v}'" for v in value) + ")"
        return "'" + str(value).replace("'", "''") + "'"
    text = "# made by hand\n"
    for c in connectors:
        text += "New-ReceiveConnector -Usage Custom"
        for k, v in c.items():
            text += f" `\n    -{k} {literal(k, v)}"
        text += "\n"
    for server, name, user, deny, rights in acl:
        new = [r for r in rights if r not in PRESET]
        if new:
            text += (f"Get-ReceiveConnector '{server}\\{name}' | "
                     f"Add-ADPermission -User '{user}' -ExtendedRights "
                     + ", ".join(f'"{r}"' for r in new) + "\n")
    return text
