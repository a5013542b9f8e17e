/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rules.h - the engine of connector-milter. Its public headers are this one,
 * address.h and counters.h, which it includes, and diff.h.
 *
 * A policy is what an admin wrote, with places. A ruleset is a policy
 * compiled: immutable, reference-counted, shared by threads without locks.
 * A session is the progress of one SMTP connection. A session is fed events
 * and answers each with a decision, which is a value; the driver applies it.
 *
 * The engine has no outside: no file but through a reader given to it, no
 * clock, no log, no exit, no mutable data of its own. Unless said otherwise
 * a function returns 0 or a negative errno and writes its out parameters
 * only on success. Text is UTF-8, NUL-terminated. Free functions take NULL.
 */
#ifndef RULES_H
#define RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"
#include "counters.h"

/* ---- Places and complaints ------------------------------------------- */

/* A place in a policy file. Lines and columns count from 1; 0 is unknown. */
struct where {
	const char *file; /* as it was named to policy_load(); not owned */
	uint32_t line;
	uint32_t column;
};

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

const char *severity_name(enum severity); /* "note", ...; static */

/* One complaint: what is wrong, and what to write instead. */
struct diagnostic {
	enum severity severity;
	const char *id; /* stable: E-... for errors, W-... for warnings */
	struct where where;
	const char *message;
};

/* Everything that is wrong with a policy, in the order of its places. */
struct diagnostics;

struct diagnostics *diagnostics_new(void);
void diagnostics_free(struct diagnostics *);
size_t diagnostics_count(const struct diagnostics *, enum severity at_least);
/* The i-th in order of file, line and column; NULL past the end. Lives as
 * long as the list. */
const struct diagnostic *diagnostics_get(struct diagnostics *, size_t i);
/* Adds one; the message is formatted, id must outlive the list. Out of
 * memory is remembered and makes diagnostics_count() never answer 0. */
void diagnostics_add(struct diagnostics *, enum severity, const char *id,
    struct where, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* ---- Rights, principals, replies ------------------------------------- */

/* The extended rights of a Receive connector ("Receive connectors",
 * learn.microsoft.com), in the order of Microsoft's table. */
enum right {
	RIGHT_SUBMIT,
	RIGHT_ANY_RECIPIENT,
	RIGHT_ANY_SENDER,
	RIGHT_AUTHORITATIVE_DOMAIN_SENDER,
	RIGHT_AUTHENTICATION_FLAG,
	RIGHT_EXCH50,
	RIGHT_HEADERS_ROUTING,
	RIGHT_HEADERS_ORGANIZATION,
	RIGHT_HEADERS_FOREST,
	RIGHT_BYPASS_ANTI_SPAM,
	RIGHT_BYPASS_MESSAGE_SIZE_LIMIT,
	RIGHT_COUNT
};

enum principal {
	PRINCIPAL_ANONYMOUS,          /* NT AUTHORITY\ANONYMOUS LOGON */
	PRINCIPAL_EXTERNALLY_SECURED, /* MS Exchange\Externally Secured Servers
				       */
	PRINCIPAL_AUTHENTICATED,      /* NT AUTHORITY\Authenticated Users */
	PRINCIPAL_PARTNER,            /* MS Exchange\Partner Servers */
	PRINCIPAL_EXCHANGE_SERVER,    /* MS Exchange\Hub Transport Servers */
	PRINCIPAL_LEGACY_SERVER,      /* ExchangeLegacyInterop */
	PRINCIPAL_COUNT
};

typedef uint32_t right_set;     /* bit 1 << enum right */
typedef uint32_t principal_set; /* bit 1 << enum principal */

/* "ms-Exch-SMTP-Submit", ... and "anonymous", ...; static. */
const char *right_name(enum right);
const char *principal_name(enum principal);

/* A reply to the SMTP client: one line, printable ASCII, no bare '%'. The
 * first digits of code and enhanced agree. */
struct reply {
	const char *code;     /* "550" */
	const char *enhanced; /* "5.7.1" */
	const char *text;     /* "Unable to relay" */
};

/* ---- Policy ---------------------------------------------------------- */

/* How the engine reads files. read() answers the whole of path, which is
 * relative to the folder of the policy or absolute, as malloc()ed text with
 * a NUL after *len bytes. Fails with a negative errno, with -EFBIG beyond
 * max bytes. */
struct reader {
	void *ctx;
	int (*read)(
	    void *ctx, const char *path, size_t max, char **text, size_t *len);
};

/* What was written. Owns everything it points to. */
struct policy;

/* Reads, decodes and checks one policy. All mistakes go to the list, with
 * -EINVAL; other errors also leave a complaint there. */
int policy_load(const struct reader *, const char *file, struct policy **,
    struct diagnostics *);
void policy_free(struct policy *);

/* ---- Ruleset --------------------------------------------------------- */

struct ruleset;

/* Compiles a policy; takes ownership of it in every case. server is this
 * host's name, for policies that do not name one. -EINVAL: the ranges tie,
 * cross or relay for the Internet; see the list. */
int ruleset_compile(struct policy *, const char *server, struct ruleset **,
    struct diagnostics *);
/* policy_load() and ruleset_compile() in one; then runs the policy's tests
 * and proves what it says of never. -EINVAL: one of them does not hold. */
int ruleset_load(const struct reader *, const char *file, const char *server,
    struct ruleset **, struct diagnostics *);
/* Both may be called by any thread. ref answers its argument. */
struct ruleset *ruleset_ref(struct ruleset *);
void ruleset_unref(struct ruleset *);

/* A short name for the text of the policy and of its files: hex digits. The
 * same text has the same id everywhere. Lives as long as the ruleset. */
const char *ruleset_id(const struct ruleset *);
const char *ruleset_file(const struct ruleset *);

/* What some session could need of the driver; the rest need not be asked. */
enum {
	NEED_HEADERS = 1, /* header events: something may have to be stripped */
	NEED_BODY = 2,    /* body events */
	NEED_FROM = 4,    /* the value of the field From */
};
unsigned ruleset_needs(const struct ruleset *);

/* Whether a driver ends the text of each refusal with an id that its log
 * has, too. */
bool ruleset_reply_ids(const struct ruleset *);

/* The local side of a connection. Where the MTA does not tell it, port is 0
 * or the address is of FAMILY_NONE (0.0.0.0 and :: count as untold). */
struct listener {
	struct netaddr addr;
	uint16_t port;
};

/* What a client proves beside its address. */
struct credentials {
	principal_set server; /* exchange_server, legacy_server: by the name
				 on a certificate */
	bool partner;         /* a certificate named in tls_domains */
	bool login;           /* AUTH */
};

/* What a session with given credentials may do. */
struct claim {
	principal_set principals;
	right_set rights;
	right_set senders; /* of the two rights for senders, those that the
			      sender is judged by */
	bool blocked;      /* on the block list, and nothing bypasses it: no
			      recipient is accepted */
	bool relay;        /* "may relay": not blocked, holds Submit and
			      Accept-Any-Recipient, and some sender and some
			      foreign recipient are allowed */
};

/* Whether it may use a right: it holds it and Submit, and is not blocked. */
bool claim_may_use(const struct claim *, enum right);

/* Senders or recipients that a client is narrowed to, as the policy lists
 * them. An item is "local@domain", "@domain", "@.domain" (the domain and its
 * subdomains) or "" (the null sender), in lower case; they are sorted. */
struct address_list {
	const char **items;
	size_t count;
	size_t number;      /* of the lists of the policy, from 0 */
	bool senders;       /* else recipients */
	struct where where; /* of the key */
	const struct address_list *next;
};

enum { ADDRESS_ITEM_SIZE = 330 };
/* An item as a policy may have it: "kate@contoso.com", "*@contoso.com",
 * "*@*.contoso.com", "<>". */
const char *address_item_format(const char *item, char buf[ADDRESS_ITEM_SIZE]);

enum quota_period { QUOTA_HOUR, QUOTA_DAY };

/* How many messages a client may send, by the clock: per full hour or day of
 * UTC. */
struct message_quota {
	uint32_t messages;
	enum quota_period period;
	struct where where; /* of the key */
};

/* What an entry, a network or a connector narrows its clients to. NULL: not
 * stated. All live as long as the policy. */
struct client_limits {
	const struct address_list *senders;
	const struct address_list *recipients;
	const struct message_quota *quota;
	size_t number; /* of an entry's, from 1; 0: nothing is stated */
};

/* What is nearest of each: the first that states it. */
struct client_limits client_limits_nearest(
    const struct client_limits *near, const struct client_limits *far);

struct rule;

/* One interval of clients that one connector wins on a listener. */
struct holding {
	struct netrange clients;
	const char *connector;
	size_t number;      /* of the connector in the policy, from 0 */
	struct where where; /* of the range */
	struct claim claim; /* without credentials */
	bool allow_listed, block_listed;
	struct client_limits limits;
	/* For holding_claim(). */
	const struct ruleset *ruleset;
	const struct rule *rule;
	principal_set server; /* by address: exchange_server, legacy_server */
};

/* What these clients may do with credentials. False: the connector accepts no
 * such credentials, and the claim is that of a client without them. */
bool holding_claim(
    const struct holding *, const struct credentials *, struct claim *);

/* Walks all that is won on a listener at time now, by address. Stops when
 * fn answers non-zero, and answers that. -EAGAIN: the listener is not told
 * well enough to choose. -ENOMEM. */
int ruleset_walk(const struct ruleset *, const struct listener *, int64_t now,
    int (*fn)(void *ctx, const struct holding *), void *ctx);

/* The listeners that the policy tells from each other, up to room of them;
 * answers how many there are. Addresses and ports that connectors name come
 * first (0.0.0.0 or ::: every address of that family that is not named with
 * that port); the last one is FAMILY_NONE, port 0: every listener that no
 * other one is for. */
size_t ruleset_listeners(
    const struct ruleset *, struct listener *out, size_t room);
/* ruleset_walk() for the n-th of them, counted from 0. */
int ruleset_walk_nth(const struct ruleset *, size_t n, int64_t now,
    int (*fn)(void *ctx, const struct holding *), void *ctx);

/* The connectors of a ruleset and their ranges, numbered from 0 in the order
 * of the file, for those who count. All lives as long as the ruleset. */
struct connector_facts {
	const char *name;
	bool enabled;
	bool monitored;                  /* mode monitor */
	size_t first_range, nranges;     /* numbers of its ranges */
	uint32_t max_inbound_connection; /* 0: not limited */
};
struct range_facts {
	size_t connector;
	struct netrange range;
	const char *network; /* the name it came by, or NULL */
	struct where where;
	int64_t until; /* takes no part from then on; INT64_MAX: for ever */
};
/* False past the end. */
bool ruleset_connector(
    const struct ruleset *, size_t i, struct connector_facts *);
bool ruleset_range(const struct ruleset *, size_t i, struct range_facts *);

/* Adds to the list what is doubtful in a ruleset at time now: warnings and
 * notes, W-..., each with what to write instead. */
void ruleset_check(const struct ruleset *, int64_t now, struct diagnostics *);

/* The story behind a warning, for people; static. */
struct story {
	const char *id;    /* "W-..." */
	const char *title; /* one line */
	const char *text;  /* lines: what is doubtful, and how to mend it */
};
/* The i-th, NULL past the end. */
const struct story *story_get(size_t i);

/* ---- Events ---------------------------------------------------------- */

/* The stages of a session, and the events that are fed. */
enum stage {
	STAGE_CONNECT,
	STAGE_HELO,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_HEADER,
	STAGE_EOH,
	STAGE_BODY,
	STAGE_EOM,
	STAGE_ABORT, /* the transaction ends without a message; STAGE_EOM ends
			it, too */
	STAGE_COUNT
};

const char *stage_name(enum stage); /* "connect", "helo", ...; static */

/* What happened. Pointers need to live only during session_feed(). */
struct session_event {
	enum stage stage;
	int64_t now;    /* seconds since 1970, UTC */
	uint64_t ticks; /* milliseconds of a clock that never goes back */
	union {
		struct {
			struct netaddr client; /* FAMILY_NONE: not told */
			int client_port;       /* 0: a local submission;
						  -1: not told */
			struct listener local;
		} connect;
		struct {
			const char *name;
		} helo;
		struct {
			const char *sender; /* the argument as it was sent */
			const char *const *params; /* ESMTP, NULL-terminated,
						      or NULL */
			const char *auth;          /* login name, or NULL */
			bool tls;
			const char *cert; /* the name on a client certificate
					     that the MTA verified, or NULL */
		} mail;
		struct {
			const char *recipient; /* the argument as sent */
			const char *const *params;
			const char *resolved; /* {rcpt_addr}, or NULL */
			const char *mailer;   /* {rcpt_mailer}, or NULL */
		} rcpt;
		struct {
			const char *name;
			const char *value;
		} header;
		struct {
			size_t bytes;
		} body;
	};
};

/* ---- Decisions ------------------------------------------------------- */

enum verdict { VERDICT_ACCEPT, VERDICT_REJECT, VERDICT_TEMPFAIL };

const char *verdict_name(enum verdict); /* "accept", ...; static */

/* A change to the header, at end of message only. */
struct edit {
	enum { EDIT_STRIP, EDIT_STAMP } type;
	const char *name;  /* as the message has it */
	const char *value; /* EDIT_STAMP only */
	size_t count;      /* EDIT_STRIP: fields of that name; delete number
			      count first and number 1 last, since a deletion
			      renumbers those behind it */
};

/* The answer to an event, and because of what. All pointers live until the
 * session is fed again or freed. */
struct decision {
	enum stage stage;
	enum verdict verdict;
	struct reply reply; /* verdict is not VERDICT_ACCEPT, or monitored;
			       else code is NULL */
	bool relay;         /* accepted only because Accept-Any-Recipient is
			       held: what a policy service grants */
	bool ours;       /* the recipient is not relayed: in an accepted domain,
			    or postmaster */
	bool monitored;  /* would have been refused with this reply; mode
			    monitor let it pass */
	unsigned reason; /* of the reply, as reason_name() has it; 0: none */
	const char *right;        /* the right that decided, or NULL */
	const char *why;          /* a short reason, for people; never NULL */
	struct where where;       /* of the range, right or entry that decided;
				     file is NULL where none did */
	const struct edit *edits; /* STAGE_EOM, strips before stamps */
	size_t nedits;
};

/* A word for why something is refused, for those who count: the reply's key in
 * the policy where it has one. "none" for 0, NULL past the end. Static. */
enum { REASONS_MAX = 32 };
const char *reason_name(unsigned reason);

/* ---- Why not --------------------------------------------------------- */

/* A session of one message, as somebody asks about it. Texts are NULL where
 * nothing is known. */
struct probe {
	struct netaddr client;
	struct listener local; /* port 0: port 25, no address */
	const char *helo, *auth, *certificate, *from, *rcpt, *header;
	bool tls;
	int64_t at; /* seconds since 1970, UTC; 0: while every entry of the
		       policy takes part */
};

/* One edit of a policy that would let a refused step pass. */
struct missed {
	const char *connector; /* that the client would be of, or NULL */
	struct netrange range; /* the entry that is near, or FAMILY_NONE */
	const char *because;   /* what refuses it now: "ends at 192.0.2.20" */
	const char *edit;      /* "add 192.0.2.21" */
	struct where where;
	const char *would_also_allow; /* how many other addresses; decimal */
};
struct misses;

/* The single edits of a policy (add or move an address, extend a range, allow
 * a right, accept a domain, unblock) that let the refused MAIL or RCPT of a
 * probe pass, with which the policy still loads and its tests and never hold.
 * Those that let the fewest others pass come first, then the nearest; a few
 * at most, none where nothing is refused. -ENOMEM. */
int misses_find(struct ruleset *, const struct probe *, struct misses **);
void misses_free(struct misses *);
/* NULL past the end. Lives as long as the list. */
const struct missed *misses_get(const struct misses *, size_t i);

/* ---- Session --------------------------------------------------------- */

struct session;

/* Takes a reference on the ruleset, and keeps it till the end: a session is
 * decided by one policy. NULL: out of memory. */
struct session *session_new(struct ruleset *);
void session_free(struct session *);

/* Feeds one event. Never fails: what cannot be decided, for want of memory
 * or of an event that should have come first, is VERDICT_TEMPFAIL. After a
 * refusal the session may be fed on, as SMTP clients do. */
void session_feed(
    struct session *, const struct session_event *, struct decision *);

/* What the session is, for logs and people. NULL and 0 before connect or
 * where no connector was found. Live as long as the session. */
const struct ruleset *session_ruleset(const struct session *);
const char *session_connector(const struct session *);
/* The range that won, NULL if none. */
const struct netrange *session_range(
    const struct session *, struct where *where);
/* The numbers of that connector and of that range; SIZE_MAX if none. */
size_t session_connector_number(const struct session *);
size_t session_range_number(const struct session *);
principal_set session_principals(const struct session *);
right_set session_rights(const struct session *);
/* What the client is narrowed to, the nearest of each. */
struct client_limits session_client_limits(const struct session *);
/* Where a right that the session holds comes from: "AnonymousUsers" or
 * "extended_rights", and its place. NULL if it is not held. */
const char *session_right_origin(
    const struct session *, enum right, struct where *where);

/* A limit that a connector states, under its key in the policy. */
struct limit {
	const char *key; /* static, as word is */
	uint64_t number;
	bool bytes;       /* that many bytes */
	const char *word; /* what the number stands for, or NULL */
};
/* The i-th limit of the session's connector, in the order of the keys in
 * connector-policy(5). False past the end. */
bool session_limit(const struct session *, size_t i, struct limit *);

/* Makes the session count for limits; counters must outlive it. To be set
 * before connect is fed; without it, or with NULL, limits that count are not
 * enforced. What it has counted so far is given back. */
void session_count(struct session *, const struct counters *);

/* Somebody who listens to how the connector is chosen. lost is NULL for the
 * winner, else why it lost: "other listener", "wider range", ... */
struct candidate {
	const char *connector;
	const char *lost;
	struct where where; /* of the range that holds the client, or of the
			       connector */
};
struct session_listener {
	void *ctx;
	void (*candidate)(void *ctx, const struct candidate *);
};
/* To be set before connect is fed; must outlive the session. */
void session_listen(struct session *, const struct session_listener *);

#endif
