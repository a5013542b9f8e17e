/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hostile text against the strict readers, and what they advise: what other
 * readers took for another address (CVE-2021-29921, CVE-2021-29923,
 * CVE-2021-28918, CVE-2021-4456) is refused, and IPv4-mapped is IPv4.
 *
 * A row is the text, what it is in canonical form or NULL, and the whole
 * reason of the refusal. Behind the tables the properties that hold for any
 * text are tried on mutations of the rows, and on numbers in every form that
 * RFC 4291 has, with inet_pton(3) and libcidr as the judges.
 */
#include "cases.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "../oracle/cidr.h"

#define WRITE "; write "
/* clang-format off */
#define FOUR "an IPv4 address has four parts"
#define BYTE "each part of an IPv4 address is 0 to 255"
#define OCTAL "a leading zero might be octal"
#define DECIMAL "an IPv4 address is four decimal numbers"
#define NAME "it is a name; only addresses can stand here, names are not looked up"
#define EIGHT "an IPv6 address has eight groups, or '::' for those that are zero"
#define MANY "too many groups for an IPv6 address"
#define GAP "an IPv6 address has one '::' at most"
#define COLON "an IPv6 address does not end with a single ':'"
#define DIGITS "a group of an IPv6 address has up to four digits"
#define PREFIX4 "an IPv4 prefix length is a number from 0 to 32"
#define PREFIX6 "an IPv6 prefix length is a number from 0 to 128"
#define ZERO "a prefix length has no leading zero"
#define MASK "a network has a prefix length, not a netmask"
#define STAR "wildcards are not known here"
#define EVERYONE "everyone is written out: 0.0.0.0/0 for IPv4, ::/0 for IPv6"
#define MAPPED "the prefix length of an IPv4-mapped network is 96 to 128"
#define WITHIN "the network ends within the IPv4-mapped addresses (::ffff:0:0/96), which are IPv4"
#define FULL "both ends of a range are full addresses"
#define TWO "a range with a dash has two addresses"
#define BACKWARDS "the range runs backwards"
#define MIXED "one end of the range is IPv4, the other IPv6"
#define SLASH "a range with a dash has no prefix length"
#define SPACES "spaces stand in it (two entries are two lines)"
#define ENTRIES "spaces stand in it; are these two entries, with a dash or a comma missing?"
#define DASH "the dash is not a plain '-'"
#define EMPTY "it is empty"
#define ENDS "a space or line end stands around it"
#define UNSEEN "an invisible character stands in it"
#define OWN "each range is an entry of its own"
#define COMMA "a comma ends it"
#define COMMENT "a comment needs a space before its '#'"
#define QUOTES "quotes are part of the text"
#define ZONE "an address is written without a zone ('%...')"
#define BRACKETS "an address is written without brackets"
#define PORTLESS "an address is written without a port"
#define TAG "the tag before the address does not belong here"
#define AT "has no place in an address"
#define PORT "a port is a number from 1 to 65535"
#define MISSING "a port is missing"
#define AROUND "brackets belong around an IPv6 address, and only there"
#define ANY "a listener has an address (0.0.0.0 and [::] are any)"

static const char HOST_BITS[] = "host bits are set";

struct row {
	const char *text, *reads, *why;
};

static const struct row ranges[] = {
	/* dotted quads: inet_aton(3) takes more */
	{ "0.0.0.0",                     "0.0.0.0", NULL },
	{ "255.255.255.255",             "255.255.255.255", NULL },
	{ "192.168.5.10",                "192.168.5.10", NULL },
	{ "1.2.3.4",                     "1.2.3.4", NULL },
	{ "127.0.0.1",                   "127.0.0.1", NULL },
	{ "256.1.1.1",                   NULL, BYTE },
	{ "1.2.3.256",                   NULL, BYTE },
	{ "1.2.3.999",                   NULL, BYTE },
	{ "1.2.3.1000",                  NULL, BYTE },
	{ "99999999999.1.1.1",           NULL, BYTE },
	{ "010.0.0.1",                   NULL, OCTAL WRITE "10.0.0.1" },
	{ "10.0.0.01",                   NULL, OCTAL WRITE "10.0.0.1" },
	{ "00.0.0.0",                    NULL, OCTAL WRITE "0.0.0.0" },
	{ "0.0.0.00",                    NULL, OCTAL WRITE "0.0.0.0" },
	{ "08.1.1.1",                    NULL, OCTAL WRITE "8.1.1.1" },
	{ "0x7f000001",                  NULL, DECIMAL },
	{ "0x7f.0.0.1",                  NULL, DECIMAL },
	{ "0X7F.1",                      NULL, DECIMAL },
	{ "017700000001",                NULL, DECIMAL },
	{ "2130706433",                  NULL, DECIMAL },
	{ "4294967295",                  NULL, DECIMAL },
	{ "0",                           NULL, DECIMAL },
	{ "1",                           NULL, DECIMAL },
	{ "10",                          NULL, DECIMAL },
	{ "10.",                         NULL, FOUR WRITE "10.0.0.0/8" },
	{ "10.1",                        NULL, FOUR },
	{ "127.1",                       NULL, FOUR },
	{ "10.0.0",                      NULL, FOUR WRITE "10.0.0.0/24" },
	{ "10.0.0.",                     NULL, FOUR WRITE "10.0.0.0/24" },
	{ "10.0.0.1.",                   NULL, FOUR },
	{ ".10.0.0.1",                   NULL, FOUR },
	{ "10..0.1",                     NULL, FOUR },
	{ "1..2.3",                      NULL, FOUR },
	{ "10.0.0.1.5",                  NULL, FOUR },
	{ "....",                        NULL, FOUR },
	{ ".",                           NULL, FOUR },
	{ "10,0,0,1",                    NULL, OWN },
	{ "+10.0.0.1",                   NULL, "'+' at position 1 " AT },
	{ "1.2.3.4a",                    NULL, "'a' at position 8 " AT },
	{ "1.2.3.a",                     NULL, NAME },
	{ "1.2.3.4x",                    NULL, "'x' at position 8 " AT },
	{ "1e1.0.0.1",                   NULL, "'e' at position 2 " AT },
	{ "1.2.3.-4",                    NULL, FOUR },
	/* RFC 4291 */
	{ "::",                          "::", NULL },
	{ "::1",                         "::1", NULL },
	{ "1::",                         "1::", NULL },
	{ "2001:db8::1",                 "2001:db8::1", NULL },
	{ "2001:DB8::A",                 "2001:db8::a", NULL },
	{ "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", NULL },
	{ "1:2:3:4:5:6:7:8",             "1:2:3:4:5:6:7:8", NULL },
	{ "1:2:3:4:5:6:7::",             "1:2:3:4:5:6:7:0", NULL },
	{ "::2:3:4:5:6:7:8",             "0:2:3:4:5:6:7:8", NULL },
	{ "1:0:0:4:5:0:0:8",             "1::4:5:0:0:8", NULL },
	{ "1:0:0:4:0:0:0:8",             "1:0:0:4::8", NULL },
	{ "1:0:3:4:5:6:7:8",             "1:0:3:4:5:6:7:8", NULL },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ "::ffff:192.0.2.1",            "192.0.2.1", NULL },
	{ "::FFFF:c000:201",             "192.0.2.1", NULL },
	{ "0:0:0:0:0:ffff:192.0.2.1",    "192.0.2.1", NULL },
	{ "::ffff:0:192.0.2.1",          "::ffff:0:c000:201", NULL },
	{ "::192.0.2.1",                 "::c000:201", NULL },
	{ "64:ff9b::192.0.2.1",          "64:ff9b::c000:201", NULL },
	{ "2002:c000:201::",             "2002:c000:201::", NULL },
	{ "1:2:3:4:5:6:1.2.3.4",         "1:2:3:4:5:6:102:304", NULL },
	{ "1:2:3:4:5::1.2.3.4",          "1:2:3:4:5:0:102:304", NULL },
	{ ":",                           NULL, "':' at position 1 " AT },
	{ ":::",                         NULL, "':' at position 3 " AT },
	{ "::::",                        NULL, "':' at position 3 " AT },
	{ ":1",                          NULL, "':' at position 1 " AT },
	{ "1:",                          NULL, COLON },
	{ "::1:",                        NULL, COLON },
	{ ":1::2",                       NULL, "':' at position 1 " AT },
	{ "1:::2",                       NULL, "':' at position 4 " AT },
	{ "1::2::3",                     NULL, GAP },
	{ "2001:db8:::1",                NULL, "':' at position 11 " AT },
	{ "2001:db8::1::2",              NULL, GAP },
	{ "1:2:3:4:5:6:7",               NULL, EIGHT },
	{ "1:2:3:4:5:6:7:8:9",           NULL, MANY },
	{ "2:3:4:5:6:7:8:9:",            NULL, COLON },
	{ "1:2:3:4:5:6:7:8::",           NULL, MANY },
	{ "::1:2:3:4:5:6:7:8",           NULL, MANY },
	{ "1::2:3:4:5:6:7:8",            NULL, MANY },
	{ "1:2:3:4:5:6:7:1.2.3.4",       NULL, MANY },
	{ "1:1:1:1:1:1:1:1:0:0:0:0:0:0:0:0::", NULL, MANY },
	{ "1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1::", NULL, MANY },
	{ "00001::",                     NULL, DIGITS },
	{ "12345::",                     NULL, DIGITS },
	{ "::fffff",                     NULL, DIGITS },
	{ "::g",                         NULL, "'g' at position 3 " AT },
	{ "::1.2.3",                     NULL, FOUR },
	{ "::1.2.3.4.5",                 NULL, FOUR },
	{ "::256.2.3.4",                 NULL, BYTE },
	{ "::01.2.3.4",                  NULL, OCTAL WRITE "::102:304" },
	{ "::ffff:010.1.1.1",            NULL, OCTAL WRITE "10.1.1.1" },
	{ "1.2.3.4::",                   NULL, "':' at position 8 " AT },
	{ "::1.2.3.4:5",                 NULL, "':' at position 10 " AT },
	{ "::ffff:1.2.3.4:25",           NULL, "':' at position 15 " AT },
	{ "::0x1",                       NULL, "'x' at position 4 " AT },
	{ "fe80",                        NULL, NAME },
	{ "dead:beef",                   NULL, EIGHT },
	/* networks */
	{ "0.0.0.0/0",                   "0.0.0.0/0", NULL },
	{ "::/0",                        "::/0", NULL },
	{ "10.0.0.0/8",                  "10.0.0.0/8", NULL },
	{ "192.168.5.0/24",              "192.168.5.0/24", NULL },
	{ "192.168.5.1/24",              "192.168.5.0/24", HOST_BITS },
	{ "192.168.5.1/32",              "192.168.5.1/32", NULL },
	{ "192.168.5.5/31",              "192.168.5.4/31", HOST_BITS },
	{ "1.2.3.4/0",                   "0.0.0.0/0", HOST_BITS },
	{ "2001:db8:5::/64",             "2001:db8:5::/64", NULL },
	{ "2001:db8:5::1/64",            "2001:db8:5::/64", HOST_BITS },
	{ "2001:db8::1/128",             "2001:db8::1/128", NULL },
	{ "2001:db8::1/127",             "2001:db8::/127", HOST_BITS },
	{ "ffff::/1",                    "8000::/1", HOST_BITS },
	{ "::ffff:0:0/96",               "0.0.0.0/0", NULL },
	{ "::ffff:10.0.0.0/104",         "10.0.0.0/8", NULL },
	{ "::ffff:10.0.0.5/104",         "10.0.0.0/8", HOST_BITS },
	{ "::ffff:10.0.0.1/128",         "10.0.0.1/32", NULL },
	{ "::ffff:10.0.0.0/95",          NULL, MAPPED },
	{ "::ffff:10.0.0.0/64",          NULL, MAPPED },
	{ "::ffff:10.0.0.1/24",          NULL, MAPPED },
	{ "::ffff:10.0.0.1/0",           NULL, MAPPED },
	{ "::fffe:0:0/95",               NULL, WITHIN },
	{ "::/80",                       NULL, WITHIN },
	{ "::/95",                       "::/95", NULL },
	{ "64:ff9b::/96",                "64:ff9b::/96", NULL },
	{ "10.0.0.0/",                   NULL, PREFIX4 },
	{ "10.0.0.0/-1",                 NULL, PREFIX4 },
	{ "10.0.0.0/+8",                 NULL, PREFIX4 },
	{ "10.0.0.0/33",                 NULL, PREFIX4 },
	{ "10.0.0.0/128",                NULL, PREFIX4 },
	{ "10.0.0.0/256",                NULL, PREFIX4 },
	{ "10.0.0.0/4294967304",         NULL, PREFIX4 },
	{ "10.0.0.0/08",                 NULL, ZERO WRITE "10.0.0.0/8" },
	{ "10.0.0.0/008",                NULL, ZERO WRITE "10.0.0.0/8" },
	{ "10.0.0.0/00",                 NULL, ZERO },
	{ "10.0.0.0/8x",                 NULL, PREFIX4 },
	{ "10.0.0.0/x",                  NULL, PREFIX4 },
	{ "192.168.5.1/c",               NULL, PREFIX4 },
	{ "10.0.0.0/b8",                 NULL, PREFIX4 },
	{ "10.0.0.0/8/8",                NULL, PREFIX4 },
	{ "10.0.0.1/32/32",              NULL, PREFIX4 },
	{ "10.0.0.0//8",                 NULL, PREFIX4 },
	{ "/8",                          NULL, "an address is missing" },
	{ "/",                           NULL, "an address is missing" },
	{ "10.0.0.0\\8",                 NULL, "'\\' at position 9 " AT },
	{ "::/129",                      NULL, PREFIX6 },
	{ "::/x",                        NULL, PREFIX6 },
	{ "::/-1",                       NULL, PREFIX6 },
	{ "::1/",                        NULL, PREFIX6 },
	{ "be80::/b4",                   NULL, PREFIX6 },
	{ "1.2.3.4/::",                  NULL, PREFIX4 },
	{ "10/8",                        NULL, FOUR WRITE "10.0.0.0/8" },
	{ "10./8",                       NULL, FOUR WRITE "10.0.0.0/8" },
	{ "10.1/16",                     NULL, FOUR WRITE "10.1.0.0/16" },
	{ "10.1.2/24",                   NULL, FOUR WRITE "10.1.2.0/24" },
	{ "10.0.0.0./8",                 NULL, FOUR },
	{ "167772160/8",                 NULL, BYTE },
	{ "10.0.0.0/255.255.255.0",      NULL, MASK WRITE "10.0.0.0/24" },
	{ "10.1.2.3/255.255.255.0",      NULL, MASK WRITE "10.1.2.0/24" },
	{ "10.0.0.0/0.0.0.255",          NULL, MASK WRITE "10.0.0.0/24" },
	{ "10.0.0.0/255.0.255.0",        NULL, MASK },
	{ "10.0.0.0/255.255.255.255",    NULL, MASK },
	{ "10.0.0.0/0.0.0.0",            NULL, MASK },
	{ "10.0.0.0 255.0.0.0",          NULL, MASK WRITE "10.0.0.0/8" },
	{ "::1/ffff::",                  NULL, PREFIX6 },
	{ "10.0.0.*",                    NULL, STAR WRITE "10.0.0.0/24" },
	{ "10.0.*.*",                    NULL, STAR WRITE "10.0.0.0/16" },
	{ "10.*",                        NULL, STAR WRITE "10.0.0.0/8" },
	{ "10.*.*.*",                    NULL, STAR WRITE "10.0.0.0/8" },
	{ "10.0.0.x",                    NULL, STAR WRITE "10.0.0.0/24" },
	{ "10.*.0.*",                    NULL, "'*' at position 4 " AT },
	{ "*.0.0.1",                     NULL, "'*' at position 1 " AT },
	{ "*",                           NULL, EVERYONE },
	{ "any",                         NULL, EVERYONE },
	{ "192.168.5.0(255.255.255.0)",  NULL, MASK WRITE "192.168.5.0/24" },
	{ "192.168.5.0 (255.255.255.0)", NULL, MASK WRITE "192.168.5.0/24" },
	{ "192.168.5.0(255.255.255.",    NULL, "'(' at position 12 has no place in an address" },
	{ "\xe2\x80\x9c" "10.0.0.1\xe2\x80\x9d", NULL, QUOTES WRITE "10.0.0.1" },
	{ "\xe2\x80\x9e" "10.0.0.1-9\xe2\x80\x9c", NULL, QUOTES WRITE "10.0.0.1-10.0.0.9" },
	{ "10.0.0.1\xc2\xa0-\xc2\xa0" "10.0.0.9", NULL, UNSEEN WRITE "10.0.0.1-10.0.0.9" },
	{ "2001:db8:1:2/64",             NULL, EIGHT },
	{ "2001:db8/32",                 NULL, EIGHT },
	{ "2001:db8:1:2/32",             NULL, EIGHT },
	{ "in-addr.arpa",                NULL, NAME },
	{ "4.3.2.1.in-addr.arpa",        NULL, NAME },
	/* two addresses with a dash */
	{ "192.168.5.10-192.168.5.20",   "192.168.5.10-192.168.5.20", NULL },
	{ "0.0.0.0-255.255.255.255",     "0.0.0.0-255.255.255.255", NULL },
	{ "10.0.0.1-10.0.0.1",           "10.0.0.1-10.0.0.1", NULL },
	{ "2001:db8::1-2001:db8::ff",    "2001:db8::1-2001:db8::ff", NULL },
	{ "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
	{ "::ffff:10.0.0.1-::ffff:10.0.0.9", "10.0.0.1-10.0.0.9", NULL },
	{ "::ffff:10.0.0.1-10.0.0.9",    "10.0.0.1-10.0.0.9", NULL },
	{ "192.168.1.100-101",           NULL, FULL WRITE "192.168.1.100-192.168.1.101" },
	{ "192.168.1.100-2.5",           NULL, FULL WRITE "192.168.1.100-192.168.2.5" },
	{ "192.168.1.100-50",            NULL, FULL WRITE "192.168.1.50-192.168.1.100" },
	{ "192.168.1.100-300",           NULL, FULL },
	{ "192.168.1.100-",              NULL, TWO },
	{ "-192.168.1.100",              NULL, TWO },
	{ "-",                           NULL, TWO },
	{ "--",                          NULL, TWO },
	{ "10.0.0.1--10.0.0.2",          NULL, "'-' at position 10 " AT },
	{ "10.0.0.1-10.0.0.2-10.0.0.3",  NULL, "'-' at position 18 " AT },
	{ "10.0.0.9-10.0.0.1",           NULL, BACKWARDS WRITE "10.0.0.1-10.0.0.9" },
	{ "2001:db8::2-2001:db8::1",     NULL, BACKWARDS WRITE "2001:db8::1-2001:db8::2" },
	{ "2001:db8::1-f",               NULL, FULL WRITE "2001:db8::1-2001:db8::f" },
	{ "2001:db8::1-g",               NULL, "'g' at position 13 " AT },
	{ "2001:db8::f-1",               NULL, FULL WRITE "2001:db8::1-2001:db8::f" },
	{ "10.0.0.1-::1",                NULL, MIXED },
	{ "::1-10.0.0.1",                NULL, MIXED },
	{ "::-::ffff:10.0.0.1",          NULL, MIXED },
	{ "10.0.0.0/24-10.0.1.0/24",     NULL, SLASH },
	{ "10.0.0.0-10.0.0.9/24",        NULL, SLASH },
	{ "10.0.0.1 - 10.0.0.9",         NULL, SPACES WRITE "10.0.0.1-10.0.0.9" },
	{ "10.0.0.1- 10.0.0.9",          NULL, SPACES WRITE "10.0.0.1-10.0.0.9" },
	{ "10.0.0.1 -10.0.0.9",          NULL, SPACES WRITE "10.0.0.1-10.0.0.9" },
	{ "10.0.0.1\xe2\x80\x93" "10.0.0.9", NULL, DASH WRITE "10.0.0.1-10.0.0.9" },
	{ "10.0.0.1\xe2\x80\x94" "10.0.0.9", NULL, DASH WRITE "10.0.0.1-10.0.0.9" },
	{ "10.0.0.1 \xe2\x80\x93 10.0.0.9", NULL, DASH WRITE "10.0.0.1-10.0.0.9" },
	{ "10.0.0.1\xe2\x88\x92" "10.0.0.9", NULL, DASH WRITE "10.0.0.1-10.0.0.9" },
	{ "10.0.0.1..10.0.0.9",          NULL, FOUR },
	{ "10.0.0.1 to 10.0.0.9",        NULL, ENTRIES },
	{ "10.0.0.1:10.0.0.9",           NULL, "':' at position 9 " AT },
	{ "010.0.0.1-010.0.0.9",         NULL, OCTAL WRITE "10.0.0.1-10.0.0.9" },
	/* what stands around an address */
	{ "",                            NULL, EMPTY },
	{ " ",                           NULL, EMPTY },
	{ "\x09",                        NULL, EMPTY },
	{ " 10.0.0.1",                   NULL, ENDS WRITE "10.0.0.1" },
	{ "10.0.0.1 ",                   NULL, ENDS WRITE "10.0.0.1" },
	{ "10.0.0.1\x09",                NULL, ENDS WRITE "10.0.0.1" },
	{ "10.0.0.1\x0d",                NULL, ENDS WRITE "10.0.0.1" },
	{ "10.0.0.1\x0d\x0a",            NULL, ENDS WRITE "10.0.0.1" },
	{ "10.0.0.1\xc2\xa0",            NULL, UNSEEN WRITE "10.0.0.1" },
	{ "10.0.0.1\xe2\x80\x8b",        NULL, UNSEEN WRITE "10.0.0.1" },
	{ "\xef\xbb\xbf" "10.0.0.1",     NULL, UNSEEN WRITE "10.0.0.1" },
	{ "10.0.\xe2\x80\x8e" "0.1",     NULL, UNSEEN WRITE "10.0.0.1" },
	{ "10.0.0.1 10.0.0.2",           NULL, ENTRIES },
	{ "10.0.0.1\x0a" "10.0.0.2",     NULL, ENTRIES },
	{ "10.0.0.1\x0a" "5",            NULL, ENTRIES },
	{ "10.0.0.1 5",                  NULL, ENTRIES },
	{ "10. 0.0.1",                   NULL, ENTRIES },
	{ "10.0.0.0 /8",                 NULL, SPACES WRITE "10.0.0.0/8" },
	{ "10.0.0.0 / 8",                NULL, SPACES WRITE "10.0.0.0/8" },
	{ "10.0.0.1,",                   NULL, COMMA WRITE "10.0.0.1" },
	{ "10.0.0.1;",                   NULL, COMMA WRITE "10.0.0.1" },
	{ "10.0.0.1,10.0.0.2",           NULL, OWN },
	{ "10.0.0.1, 10.0.0.2",          NULL, OWN },
	{ "10.0.0.1;10.0.0.2",           NULL, OWN },
	{ "10.0.0.0/8#x",                NULL, COMMENT WRITE "10.0.0.0/8" },
	{ "10.0.0.0/8 # lab",            NULL, COMMENT WRITE "10.0.0.0/8" },
	{ "10.0.0.0/8# lab",             NULL, COMMENT WRITE "10.0.0.0/8" },
	{ "# lab",                       NULL, EMPTY },
	{ "10.0.0.0/8 lab",              NULL, ENTRIES },
	{ "'10.0.0.1'",                  NULL, QUOTES WRITE "10.0.0.1" },
	{ "\"10.0.0.1\"",                NULL, QUOTES WRITE "10.0.0.1" },
	{ "'10.0.0.1",                   NULL, "''' at position 1 " AT },
	{ "!10.0.0.1",                   NULL, "nothing is excluded here; give the smaller range to another connector" },
	{ "fe80::1%eth0",                NULL, ZONE WRITE "fe80::1" },
	{ "fe80::1%25eth0",              NULL, ZONE WRITE "fe80::1" },
	{ "fe80::%eth0/64",              NULL, ZONE WRITE "fe80::/64" },
	{ "fe80::1%eth0-fe80::2%eth0",   NULL, ZONE WRITE "fe80::1-fe80::2" },
	{ "10.0.0.1%eth0",               NULL, ZONE WRITE "10.0.0.1" },
	{ "[::1]",                       NULL, BRACKETS WRITE "::1" },
	{ "[10.0.0.1]",                  NULL, BRACKETS WRITE "10.0.0.1" },
	{ "[::1]:25",                    NULL, BRACKETS WRITE "::1" },
	{ "[::1",                        NULL, "'[' at position 1 " AT },
	{ "::1]",                        NULL, "']' at position 4 " AT },
	{ "[]",                          NULL, "'[' at position 1 " AT },
	{ "[2001:db8::]/32",             NULL, BRACKETS WRITE "2001:db8::/32" },
	{ "10.0.0.1:25",                 NULL, PORTLESS WRITE "10.0.0.1" },
	{ "10.0.0.0:25/8",               NULL, "':' at position 9 " AT },
	{ "IPv6:::1",                    NULL, TAG WRITE "::1" },
	{ "IPV6:2001:db8::1",            NULL, TAG WRITE "2001:db8::1" },
	{ "ip4:10.0.0.0/8",              NULL, TAG WRITE "10.0.0.0/8" },
	{ "ip6:2001:db8::/32",           NULL, TAG WRITE "2001:db8::/32" },
	{ "ip4:",                        NULL, EMPTY },
	{ "localhost",                   NULL, NAME },
	{ "mx1.contoso.com",             NULL, NAME },
	{ "mx1.contoso.com.",            NULL, NAME },
	{ "mx1.contoso.com:25",          NULL, NAME },
	{ "printers",                    NULL, NAME },
	{ "app_servers",                 NULL, NAME },
	{ "all",                         NULL, EVERYONE },
	{ "\xef\xbc\x91\xef\xbc\x90.0.0.1", NULL, "byte 0xef at position 1 " AT },
	{ "10\xe3\x80\x82" "0.0.1",      NULL, "byte 0xe3 at position 3 " AT },
	{ "10.0.0.\xd9\xa1",             NULL, "byte 0xd9 at position 8 " AT },
	{ "10.0.0.\xe9",                 NULL, "byte 0xe9 at position 8 " AT },
	{ "10.0.0.1\xff",                NULL, "byte 0xff at position 9 " AT },
	{ "\x01" "10.0.0.1",             NULL, "byte 0x01 at position 1 " AT },
	{ "10.0.0.1\x1b[31m",            NULL, "byte 0x1b at position 9 " AT },
	{ "10.0.0.1\x7f",                NULL, "byte 0x7f at position 9 " AT },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.254-ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
};

static const struct row addresses[] = {
	{ "192.0.2.1",                   "192.0.2.1", NULL },
	{ "2001:db8::1",                 "2001:db8::1", NULL },
	{ "::ffff:192.0.2.1",            "192.0.2.1", NULL },
	{ "10.0.0.1/32",                 NULL, "'/' at position 9 has no place in an address" },
	{ "10.0.0.0/8",                  NULL, "'/' at position 9 has no place in an address" },
	{ "::1/128",                     NULL, "'/' at position 4 has no place in an address" },
	{ "10.0.0.1-10.0.0.2",           NULL, "'-' at position 9 " AT },
	{ "192.168.1.1-5",               NULL, "'-' at position 12 " AT },
	{ "10.0.0",                      NULL, FOUR },
	{ "10",                          NULL, DECIMAL },
	{ "10.0.0.*",                    NULL, "'*' at position 8 " AT },
	{ "[::1]",                       NULL, BRACKETS WRITE "::1" },
	{ "[::1]:25",                    NULL, BRACKETS WRITE "::1" },
	{ "10.0.0.1:25",                 NULL, PORTLESS WRITE "10.0.0.1" },
	{ "10.0.0.1:65536",              NULL, PORTLESS WRITE "10.0.0.1" },
	{ "fe80::1%eth0",                NULL, ZONE WRITE "fe80::1" },
	{ "IPv6:::1",                    NULL, TAG WRITE "::1" },
	{ "localhost",                   NULL, NAME },
	{ "",                            NULL, EMPTY },
	{ " 10.0.0.1",                   NULL, ENDS WRITE "10.0.0.1" },
	{ "010.0.0.1",                   NULL, OCTAL WRITE "10.0.0.1" },
	{ ":::",                         NULL, "':' at position 3 " AT },
	{ "*",                           NULL, EVERYONE },
};

static const struct row endpoints[] = {
	{ "10.0.0.1:25",                 "10.0.0.1 25", NULL },
	{ "0.0.0.0:25",                  "0.0.0.0 25", NULL },
	{ "[::]:25",                     ":: 25", NULL },
	{ "[2001:db8::1]:65535",         "2001:db8::1 65535", NULL },
	{ "[::ffff:192.0.2.1]:587",      "192.0.2.1 587", NULL },
	{ "10.0.0.1:1",                  "10.0.0.1 1", NULL },
	{ "10.0.0.1",                    NULL, MISSING WRITE "10.0.0.1:25" },
	{ "10.0.0.1:",                   NULL, PORT },
	{ "10.0.0.1:0",                  NULL, PORT },
	{ "10.0.0.1:65536",              NULL, PORT },
	{ "10.0.0.1:99999",              NULL, PORT },
	{ "10.0.0.1:100000",             NULL, PORT },
	{ "10.0.0.1:025",                NULL, PORT },
	{ "10.0.0.1:00",                 NULL, PORT },
	{ "10.0.0.1:+25",                NULL, PORT },
	{ "10.0.0.1:-25",                NULL, PORT },
	{ "10.0.0.1: 25",                NULL, ENTRIES },
	{ " 10.0.0.1:25",                NULL, ENDS WRITE "10.0.0.1:25" },
	{ "10.0.0.1:25 ",                NULL, ENDS WRITE "10.0.0.1:25" },
	{ "10.0.0.1:smtp",               NULL, PORT },
	{ "10.0.0.1:25:26",              NULL, AROUND },
	{ "[10.0.0.1]:25",               NULL, BRACKETS WRITE "10.0.0.1:25" },
	{ "::1",                         NULL, AROUND WRITE "[::1]:25" },
	{ "[::1]",                       NULL, "a port is missing behind the brackets; write [::1]:25" },
	{ "[::1]:",                      NULL, PORT },
	{ "::1:25",                      NULL, AROUND WRITE "[::1]:25" },
	{ ":::25",                       NULL, AROUND WRITE "[::]:25" },
	{ "2001:db8::1:587",             NULL, AROUND WRITE "[2001:db8::1]:587" },
	{ "*:25",                        NULL, ANY WRITE "0.0.0.0:25" },
	{ ":25",                         NULL, ANY WRITE "0.0.0.0:25" },
	{ "25",                          NULL, ANY WRITE "0.0.0.0:25" },
	{ "65536",                       NULL, ANY },
	{ "[]:25",                       NULL, AROUND },
	{ "[:25",                        NULL, "a port is missing behind the brackets" },
	{ "]:25",                        NULL, "']' at position 1 " AT },
	{ "[::1:25",                     NULL, "a port is missing behind the brackets" },
	{ "::1]:25",                     NULL, AROUND },
	{ "[fe80::1%lo]:25",             NULL, ZONE WRITE "[fe80::1]:25" },
	{ "[::1]25",                     NULL, "a port is missing behind the brackets" },
	{ "[[::1]]:25",                  NULL, "'[' at position 2 " AT },
	{ "localhost:25",                NULL, NAME },
	{ "mx1.contoso.com:587",         NULL, NAME },
	{ "10.0.0.0/8:25",               NULL, "'/' at position 9 " AT },
	{ "10.0.0:25",                   NULL, FOUR },
	{ "010.0.0.1:25",                NULL, OCTAL WRITE "10.0.0.1:25" },
	{ "0x7f000001:25",               NULL, DECIMAL },
	{ "",                            NULL, EMPTY },
	{ ":",                           NULL, "an address is missing" },
	{ "::",                          NULL, AROUND WRITE "[::]:25" },
	{ "[",                           NULL, MISSING },
	{ "]",                           NULL, MISSING },
	{ "[]",                          NULL, MISSING },
};
/* clang-format on */

/* What is wrong with a row, for a failure that names the text. */
static void
row_check(const struct row *row, int rc, const char *reads, const char *why)
{
	if (rc != 0 && rc != -EINVAL)
		fail_msg("\"%s\": %d", row->text, rc);
	if ((rc == 0) != (row->reads != NULL))
		fail_msg("\"%s\" %s", row->text, rc == 0 ? reads : why);
	if (rc == 0 && strcmp(reads, row->reads) != 0)
		fail_msg("\"%s\" reads %s", row->text, reads);
	if (rc != 0 && strcmp(why, row->why) != 0)
		fail_msg("\"%s\": %s", row->text, why);
}

static void
ranges_read(void **state)
{
	char why[NETADDR_WHY_SIZE], text[NETRANGE_TEXT_SIZE];
	struct netrange range;
	bool host_bits;
	size_t i;
	int rc;

	(void)state;
	assert_true(COUNT(ranges) >= 150);
	for (i = 0; i < COUNT(ranges); i++) {
		memset(why, '#', sizeof(why));
		rc = netrange_parse(ranges[i].text, &range, &host_bits, why);
		if (rc == 0) {
			(void)netrange_format(&range, text);
			if (host_bits != (ranges[i].why == HOST_BITS))
				fail_msg("\"%s\": host bits", ranges[i].text);
		}
		row_check(&ranges[i], rc, text, why);
	}
}

static void
addresses_read(void **state)
{
	char why[NETADDR_WHY_SIZE], text[NETADDR_TEXT_SIZE];
	struct netaddr addr;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < COUNT(addresses); i++) {
		memset(why, '#', sizeof(why));
		rc = netaddr_parse(addresses[i].text, &addr, why);
		if (rc == 0)
			(void)netaddr_format(&addr, text);
		row_check(&addresses[i], rc, text, why);
	}
}

static void
endpoints_read(void **state)
{
	char why[NETADDR_WHY_SIZE], text[NETADDR_TEXT_SIZE];
	char reads[NETADDR_TEXT_SIZE + 8];
	struct netaddr addr;
	uint16_t port;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < COUNT(endpoints); i++) {
		memset(why, '#', sizeof(why));
		rc = endpoint_parse(endpoints[i].text, &addr, &port, why);
		if (rc == 0)
			(void)snprintf(reads, sizeof(reads), "%s %u",
			    netaddr_format(&addr, text), port);
		row_check(&endpoints[i], rc, reads, why);
	}
}

/* Out parameters are written only on success. */
static void
failure_writes_nothing(void **state)
{
	const struct netaddr before = { 1, 2, FAMILY_IPV6 };
	struct netaddr addr = before;
	struct netrange range = { before, before, NETFORM_RANGE };
	char why[NETADDR_WHY_SIZE];
	bool host_bits = true;
	uint16_t port = 7;

	(void)state;
	assert_int_equal(netaddr_parse("10.0.0.1/8", &addr, why), -EINVAL);
	assert_int_equal(
	    netrange_parse("10.0.0.9-10.0.0.1", &range, &host_bits, why),
	    -EINVAL);
	assert_int_equal(
	    endpoint_parse("10.0.0.1:0", &addr, &port, why), -EINVAL);
	assert_memory_equal(&addr, &before, sizeof(addr));
	assert_memory_equal(&range.first, &before, sizeof(addr));
	assert_memory_equal(&range.last, &before, sizeof(addr));
	assert_int_equal(range.form, NETFORM_RANGE);
	assert_true(host_bits);
	assert_int_equal(port, 7);
	assert_int_equal(netrange_parse("10.0.0.1/8", &range, NULL, why), 0);
}

static struct netaddr
addr_of(const char *text)
{
	char why[NETADDR_WHY_SIZE];
	struct netaddr addr;

	if (netaddr_parse(text, &addr, why) != 0)
		fail_msg("\"%s\": %s", text, why);
	return addr;
}

static struct netrange
range_of(const char *text)
{
	char why[NETADDR_WHY_SIZE];
	struct netrange range;

	if (netrange_parse(text, &range, NULL, why) != 0)
		fail_msg("\"%s\": %s", text, why);
	return range;
}

static void
range_edges(void **state)
{
	static const struct {
		const char *range, *first, *last;
	} cases[] = {
		{ "0.0.0.0/0", "0.0.0.0", "255.255.255.255" },
		{ "192.168.5.1/24", "192.168.5.0", "192.168.5.255" },
		{ "192.168.5.5/31", "192.168.5.4", "192.168.5.5" },
		{ "192.168.5.5/32", "192.168.5.5", "192.168.5.5" },
		{ "128.0.0.0/1", "128.0.0.0", "255.255.255.255" },
		{ "::ffff:192.168.5.1/120", "192.168.5.0", "192.168.5.255" },
		{ "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8::1/63",
		    "2001:db8::", "2001:db8:0:1:ffff:ffff:ffff:ffff" },
		{ "2001:db8::1/64",
		    "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff" },
		{ "2001:db8::8000:0:0:1/65", "2001:db8::8000:0:0:0",
		    "2001:db8::ffff:ffff:ffff:ffff" },
		{ "2001:db8::1/128", "2001:db8::1", "2001:db8::1" },
	};
	struct netaddr first, last;
	struct netrange range;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		range = range_of(cases[i].range);
		first = addr_of(cases[i].first);
		last = addr_of(cases[i].last);
		assert_int_equal(netaddr_compare(&range.first, &first), 0);
		assert_int_equal(netaddr_compare(&range.last, &last), 0);
	}
}

/* Which forms are IPv4, and which only look like it. */
static void
mapped_is_ipv4(void **state)
{
	static const char *const same[] = { "10.1.2.3", "::ffff:10.1.2.3",
		"::ffff:0a01:0203", "0:0:0:0:0:FFFF:a01:203" };
	static const char *const other[] = { "::10.1.2.3", "64:ff9b::10.1.2.3",
		"2002:0a01:0203::", "::ffff:0:10.1.2.3", "::fffe:10.1.2.3",
		"::1:ffff:10.1.2.3" };
	static const uint8_t bytes[16] = {
		[10] = 0xff, [11] = 0xff, 10, 1, 2, 3
	};
	struct netrange ten = range_of("10.0.0.0/8");
	struct netaddr addr, first = addr_of(same[0]);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(same); i++) {
		addr = addr_of(same[i]);
		assert_int_equal(netaddr_compare(&addr, &first), 0);
		assert_true(netrange_holds(&ten, &addr));
	}
	for (i = 0; i < COUNT(other); i++) {
		addr = addr_of(other[i]);
		assert_int_equal(addr.family, FAMILY_IPV6);
		assert_false(netrange_holds(&ten, &addr));
	}
	addr = netaddr_from_ipv6(bytes);
	assert_int_equal(netaddr_compare(&addr, &first), 0);
	addr = netaddr_from_ipv4(bytes + 12);
	assert_int_equal(netaddr_compare(&addr, &first), 0);
}

static void
order_and_loopback(void **state)
{
	static const char *const sorted[] = { "0.0.0.0", "10.0.0.1",
		"127.0.0.1", "255.255.255.255", "::", "::1", "1::", "1::1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	static const char *const loopback[] = { "127.0.0.1", "127.255.255.255",
		"127.0.0.0", "::1", "::ffff:127.0.0.1" };
	static const char *const outside[] = { "126.255.255.255", "128.0.0.0",
		"::", "::2", "1::1", "0.0.0.1" };
	const struct netaddr none = { .family = FAMILY_NONE };
	char text[NETADDR_TEXT_SIZE];
	struct netaddr a, b;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(sorted); i++)
		for (j = 0; j < COUNT(sorted); j++) {
			a = addr_of(sorted[i]);
			b = addr_of(sorted[j]);
			assert_int_equal((netaddr_compare(&a, &b) > 0) -
					     (netaddr_compare(&a, &b) < 0),
			    (i > j) - (i < j));
		}
	for (i = 0; i < COUNT(loopback); i++) {
		a = addr_of(loopback[i]);
		assert_true(netaddr_is_loopback(&a));
	}
	for (i = 0; i < COUNT(outside); i++) {
		a = addr_of(outside[i]);
		assert_false(netaddr_is_loopback(&a));
	}
	assert_false(netaddr_is_loopback(&none));
	assert_string_equal(netaddr_format(&none, text), "-");
}

/* ---- Properties --------------------------------------------------------- */

static uint64_t seed = 20261121;

static uint32_t
random_below(uint32_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % limit);
}

static bool
judge(const char *text, struct netaddr *addr)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*addr = netaddr_from_ipv4(bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*addr = netaddr_from_ipv6(bytes);
	else
		return false;
	return true;
}

/* A refusal is whole, printable, and proposes only what would be accepted. */
static void
why_check(const char *text, const char *why)
{
	const char *proposed = strstr(why, "; write ");
	char again[NETADDR_WHY_SIZE];
	struct netrange range;
	size_t i;

	if (memchr(why, '\0', NETADDR_WHY_SIZE) == NULL || why[0] == '\0')
		fail_msg("\"%s\": no reason", text);
	for (i = 0; why[i] != '\0'; i++)
		if (why[i] < ' ' || why[i] > '~')
			fail_msg("\"%s\": byte in \"%s\"", text, why);
	if (proposed != NULL &&
	    netrange_parse(proposed + 8, &range, NULL, again) != 0)
		fail_msg("\"%s\": %s, which is refused", text, why);
}

static void
mutate(const char *from, char *to, size_t size)
{
	static const char alphabet[] = "0123456789abcdefxgF.:/-%[]* #,\t\xff";
	uint32_t edits = 1 + random_below(3), at, c;
	size_t len;

	(void)snprintf(to, size, "%s", from);
	for (; edits > 0; edits--) {
		len = strlen(to);
		at = random_below((uint32_t)len + 1);
		c = random_below(sizeof(alphabet) - 1);
		if (random_below(3) == 0 && at < len)
			memmove(to + at, to + at + 1, len - at);
		else if (random_below(2) == 0 && at < len)
			to[at] = alphabet[c];
		else if (len + 1 < size) {
			memmove(to + at + 1, to + at, len - at + 1);
			to[at] = alphabet[c];
		}
	}
}

static void
mutations_agree_with_inet_pton(void **state)
{
	enum { ROUNDS = 200000, ACCEPTED_AT_LEAST = 4000 };
	char text[160], why[NETADDR_WHY_SIZE], out[NETRANGE_TEXT_SIZE];
	struct netaddr addr, judged;
	struct netrange range, again;
	unsigned i, accepted = 0;
	int rc;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		mutate(ranges[random_below(COUNT(ranges))].text, text,
		    sizeof(text));
		rc = netaddr_parse(text, &addr, why);
		if ((rc == 0) != judge(text, &judged))
			fail_msg("\"%s\": inet_pton disagrees", text);
		if (rc == 0 && netaddr_compare(&addr, &judged) != 0)
			fail_msg("\"%s\": another address", text);
		accepted += rc == 0;
		if (rc != 0 && strpbrk(text, "/-") == NULL &&
		    netrange_parse(text, &range, NULL, why) == 0)
			fail_msg("\"%s\": a range, but no address", text);
		if (netrange_parse(text, &range, NULL, why) != 0) {
			why_check(text, why);
			continue;
		}
		if (range.form != NETFORM_RANGE && !cidr_agrees(text, &range))
			fail_msg("\"%s\": libcidr disagrees", text);
		if (netrange_parse(
			netrange_format(&range, out), &again, NULL, why) != 0 ||
		    netaddr_compare(&range.first, &again.first) != 0 ||
		    netaddr_compare(&range.last, &again.last) != 0 ||
		    range.form != again.form)
			fail_msg("\"%s\" prints as \"%s\"", text, out);
	}
	if (accepted < ACCEPTED_AT_LEAST)
		fail_msg("only %u addresses", accepted);
}

/* One group with zeros in front, in either case. */
static char *
put_group(char *out, unsigned group)
{
	int width = 1 + (int)random_below(4);

	return out + (random_below(2) == 0
			     ? sprintf(out, "%0*x", width, group)
			     : sprintf(out, "%0*X", width, group));
}

/* Any text for an address: groups of which some are zero, with a gap anywhere
 * that it may be (and where it may not), perhaps with four numbers at the
 * end, perhaps a group too few or too many. */
static void
random_ipv6(char *out)
{
	unsigned quad = random_below(4) == 0 ? 2 : 0, i, gap, groups;
	bool gaps = random_below(3) != 0;

	groups = gaps ? random_below(8) : 8 - quad;
	if (random_below(20) == 0)
		groups += random_below(4);
	gap = gaps ? random_below(groups + 1) : UINT32_MAX;
	for (i = 0; i < groups; i++) {
		if (i == gap)
			*out++ = ':';
		if (i > 0 || i == gap)
			*out++ = ':';
		out = put_group(
		    out, random_below(3) == 0 ? 0 : random_below(0x10000));
	}
	if (i == gap)
		out += sprintf(out, "::");
	if (quad == 0) {
		*out = '\0';
		return;
	}
	out += sprintf(out, "%s%u.%u.%u.%u", i == 0 || i == gap ? "" : ":",
	    random_below(257), random_below(256), random_below(256),
	    random_below(256));
}

static void
ipv6_forms_agree_with_libcidr(void **state)
{
	enum { ROUNDS = 200000, ACCEPTED_AT_LEAST = ROUNDS / 2 };
	char text[80], why[NETADDR_WHY_SIZE];
	struct netaddr judged;
	struct netrange range;
	unsigned i, accepted = 0;
	int rc;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		random_ipv6(text);
		rc = netrange_parse(text, &range, NULL, why);
		if ((rc == 0) != judge(text, &judged))
			fail_msg("\"%s\": inet_pton disagrees", text);
		accepted += rc == 0;
		if (rc != 0)
			continue;
		if (netaddr_compare(&range.first, &judged) != 0)
			fail_msg("\"%s\": another address", text);
		(void)sprintf(text + strlen(text), "/%u", random_below(129));
		if (netrange_parse(text, &range, NULL, why) == 0 &&
		    !cidr_agrees(text, &range))
			fail_msg("\"%s\": libcidr disagrees", text);
	}
	if (accepted < ACCEPTED_AT_LEAST)
		fail_msg("only %u addresses", accepted);
}

/* inet_ntop(3) prints IPv4-compatible addresses (::/96) with dots. */
static void
numbers_print_as_inet_ntop(void **state)
{
	enum { ROUNDS = 100000 };
	char text[NETADDR_TEXT_SIZE], judged[INET6_ADDRSTRLEN];
	char why[NETADDR_WHY_SIZE];
	struct netaddr addr, again;
	uint8_t bytes[16];
	unsigned i, k;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		uint32_t zeros = random_below(0x10000);

		for (k = 0; k < 16; k++)
			bytes[k] = zeros >> (k / 2) & 1
				       ? 0
				       : (uint8_t)random_below(256);
		bytes[0] |= 1;
		addr = netaddr_from_ipv6(bytes);
		(void)inet_ntop(AF_INET6, bytes, judged, sizeof(judged));
		assert_string_equal(netaddr_format(&addr, text), judged);
		assert_int_equal(netaddr_parse(text, &again, why), 0);
		assert_int_equal(netaddr_compare(&addr, &again), 0);
		addr = netaddr_from_ipv4(bytes);
		(void)inet_ntop(AF_INET, bytes, judged, sizeof(judged));
		assert_string_equal(netaddr_format(&addr, text), judged);
		assert_int_equal(netaddr_parse(text, &again, why), 0);
		assert_int_equal(netaddr_compare(&addr, &again), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_read),
		cmocka_unit_test(addresses_read),
		cmocka_unit_test(endpoints_read),
		cmocka_unit_test(failure_writes_nothing),
		cmocka_unit_test(range_edges),
		cmocka_unit_test(mapped_is_ipv4),
		cmocka_unit_test(order_and_loopback),
		cmocka_unit_test(mutations_agree_with_inet_pton),
		cmocka_unit_test(ipv6_forms_agree_with_libcidr),
		cmocka_unit_test(numbers_print_as_inet_ntop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
