/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verbs - connectorctl explain and the policy service against a linear scan.
 *
 * usage: oracle_verbs [--all | SEED [COUNT]]
 *
 * Makes random policies, and takes clients of each from where its ranges
 * begin, with a random listener, certificate and login. explain must name the
 * connector, the principals and the rights that naive.c finds, and let a
 * stranger's recipient pass exactly where naive.c does; the policy service
 * must say OK exactly there, and for one of ours DUNNO exactly where the
 * client may submit, is not blocked, or is only monitored. oracle.c holds the
 * session, who and export to the same scan, and diff.c diff. The policy service
 * reads the clock of the host, which is past every until. --all takes ten
 * times as many policies. The first difference ends it; exit status 1.
 */
#include "ctl.h"
#include "log.h"
#include "model.h"
#include "policyd.h"
#include "rights.h"

#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define BIT(x) (UINT32_C(1) << (x))

enum { POLICIES = 2000, ALL = 10, CLIENTS = 6, COUNTERS = 100 };

struct visitor {
	bool ipv6;
	number client;
	struct place place;
	enum cert cert;
	bool login;
	char addr[NETADDR_TEXT_SIZE], local[NETADDR_TEXT_SIZE];
	unsigned port;
};

static struct service service;
static char folder[] = "/tmp/oracle-XXXXXX";
static char file[64];
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static uint64_t visitors, refused, relaying;

static void
differ(uint64_t seed, const struct visitor *v, const char *what,
    const char *answer)
{
	printf("seed %llu: %s\nclient %s, listener %s port %u, certificate %s, "
	       "%s login\n%s\n",
	    (unsigned long long)seed, what, v->addr, v->local, v->port,
	    v->cert != CERT_NONE ? cert_names[v->cert] : "none",
	    v->login ? "a" : "no", answer);
	exit(1);
}

/* ---- What a pencil finds --------------------------------------------- */

struct want {
	int chosen;
	principal_set principals;
	right_set rights;
	bool relay, ours;
};

static struct want
want_of(const struct model *model, const struct visitor *v)
{
	struct want w = {
		.chosen = naive_choose(model, v->ipv6, v->client, v->place),
	};
	bool monitor;

	w.principals = naive_principals(
	    model, w.chosen, v->ipv6, v->client, v->cert, v->login);
	if (w.chosen < 0)
		return w;
	monitor = model->nodes[w.chosen].monitor;
	w.rights = naive_rights(&model->nodes[w.chosen], w.principals);
	w.relay = naive_may(model, w.chosen, v->ipv6, v->client, w.principals,
	    RIGHT_ANY_RECIPIENT);
	w.ours = monitor || naive_may(model, w.chosen, v->ipv6, v->client,
				w.principals, RIGHT_SUBMIT);
	return w;
}

/* ---- explain --------------------------------------------------------- */

static char *
explained(const struct visitor *v, int *status)
{
	char local[NETADDR_TEXT_SIZE + 16];
	char *argv[24] = { "explain", "--policy", file, "--at",
		"2026-06-15T12:00:00Z", "--format", "json", "--client",
		(char *)(uintptr_t)v->addr, "--local", local, "--helo", "app_1",
		"--from", "<>", "--rcpt", "kate@fabrikam.com" };
	int argc = 17;
	FILE *was = stdout;
	char *text = NULL;
	size_t size;

	snprintf(local, sizeof local, v->ipv6 ? "[%s]:%u" : "%s:%u", v->local,
	    v->port);
	if (v->login) {
		argv[argc++] = "--auth";
		argv[argc++] = "kim";
	}
	if (v->cert != CERT_NONE) {
		argv[argc++] = "--cert";
		argv[argc++] = (char *)(uintptr_t)cert_names[v->cert];
	}
	optind = 0;
	stdout = open_memstream(&text, &size);
	*status = verb_explain.run(&verb_explain, argc, argv);
	fclose(stdout);
	stdout = was;
	return text;
}

static right_set
rights_named(const json_t *list)
{
	right_set rights = 0;
	const json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
		rights |= BIT(right_parse(json_string_value(name)));
	return rights;
}

static principal_set
principals_named(const json_t *list)
{
	principal_set principals = 0;
	const json_t *name;
	size_t i;

	json_array_foreach(list, i, name)
		principals |= BIT(principal_parse(json_string_value(name)));
	return principals;
}

static void
check_explain(uint64_t seed, const struct model *model, const struct visitor *v)
{
	const struct want w = want_of(model, v);
	char name[16];
	int status;
	char *text = explained(v, &status);
	json_t *root = json_loads(text, 0, NULL);
	const char *connector =
	    json_string_value(json_object_get(root, "connector"));

	snprintf(name, sizeof name, "c%d", w.chosen);
	if (!root)
		differ(seed, v, "explain writes no JSON", text);
	if (w.chosen < 0 ? connector != NULL
			 : !connector || strcmp(connector, name) != 0)
		differ(seed, v, "explain names another connector", text);
	if (w.chosen >= 0 &&
	    (principals_named(json_object_get(root, "principals")) !=
		    w.principals ||
		rights_named(json_object_get(root, "rights")) != w.rights))
		differ(seed, v, "explain tells other rights", text);
	if (status != (w.relay ? STATUS_YES : STATUS_NO))
		differ(seed, v, "explain decides otherwise on relaying", text);
	json_decref(root);
	free(text);
}

/* ---- The policy service ---------------------------------------------- */

static void
ask(int fd, const struct visitor *v, const char *recipient, char answer[512])
{
	ssize_t len;
	size_t used = 0;

	dprintf(fd,
	    "request=smtpd_access_policy\nprotocol_state=RCPT\n"
	    "client_address=%s\nserver_address=%s\nserver_port=%u\n"
	    "helo_name=app_1\nsender=\nrecipient=%s\n%s%s%s%s\n",
	    v->addr, v->local, v->port, recipient,
	    v->login ? "sasl_username=kim\n" : "",
	    v->cert != CERT_NONE ? "encryption_protocol=TLSv1.3\nccert_subject="
				 : "",
	    v->cert != CERT_NONE ? cert_names[v->cert] : "",
	    v->cert != CERT_NONE ? "\n" : "");
	while (used < 2 || strncmp(answer + used - 2, "\n\n", 2) != 0) {
		len = read(fd, answer + used, 511 - used);
		if (len <= 0)
			break;
		used += (size_t)len;
	}
	answer[used] = '\0';
}

static bool
is_refusal(const char *answer)
{
	return strncmp(answer, "action=5", 8) == 0;
}

static void
check_service(
    uint64_t seed, const struct model *model, const struct visitor *v, int fd)
{
	const struct want w = want_of(model, v);
	char answer[512];

	ask(fd, v, "kate@fabrikam.com", answer);
	if (w.relay ? strcmp(answer, "action=OK\n\n") != 0
		    : !is_refusal(answer))
		differ(
		    seed, v, "the policy service differs on relaying", answer);
	ask(fd, v, "kate@contoso.com", answer);
	if (w.ours ? strcmp(answer, "action=DUNNO\n\n") != 0
		   : !is_refusal(answer))
		differ(
		    seed, v, "the policy service differs on our own", answer);
	relaying += w.relay;
}

static void
service_make(struct policyd **policyd)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	signal(SIGPIPE, SIG_IGN);
	log_level_set(LOG_EMERG);
	if (!mkdtemp(folder))
		exit(2);
	snprintf(file, sizeof file, "%s/policy.yaml", folder);
	snprintf(
	    address.sun_path, sizeof address.sun_path, "%s/socket", folder);
	service.tally = tally_new();
	service.roster = roster_new();
	service.refused = refused_new();
	service.table = counter_table_new(COUNTERS, 1);
	service.counters = counter_table_counters(service.table);
	if (store_new(file, service.tally, &service.store) != 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, 8) != 0 ||
	    policyd_start(fd, &service, &policyd_standard, policyd) != 0)
		exit(2);
}

static void
service_free(struct policyd *policyd)
{
	policyd_stop(policyd);
	store_free(service.store);
	counter_table_free(service.table);
	refused_free(service.refused);
	roster_free(service.roster);
	tally_free(service.tally);
	unlink(address.sun_path);
	unlink(file);
	rmdir(folder);
}

/* ---- A policy -------------------------------------------------------- */

static const struct span *
any_span(const struct model *model, struct random *random)
{
	const struct node *node =
	    &model->nodes[random_below(random, (unsigned)model->count)];
	const struct spans *lists[] = { &node->ranges, &node->ranges,
		&node->ranges, &model->block, &model->allow, &model->exchange,
		&model->legacy };
	const struct spans *list = lists[random_below(random, 7)];

	if (list->count == 0)
		list = &node->ranges;
	return &list->items[random_below(random, (unsigned)list->count)];
}

/* At, or next to, an end of a range. */
static struct visitor
visitor_make(const struct model *model, struct random *random)
{
	const struct span *span = any_span(model, random);
	struct visitor v = {
		.ipv6 = span->ipv6,
		.client =
		    random_below(random, 2) == 0 ? span->first : span->last,
		.place = { span->ipv6, (int)random_below(random, LOCALS),
		    (int)random_below(random, PORTS) },
		.cert = (enum cert)random_below(random, CERTS),
		.login = random_below(random, 3) == 0,
	};
	number local = local_number(v.ipv6, v.place.local);
	struct netaddr addr;

	if (random_below(random, 4) == 0)
		v.client++;
	if (!v.ipv6)
		v.client &= UINT32_MAX;
	addr = (struct netaddr){
		.family = v.ipv6 ? FAMILY_IPV6 : FAMILY_IPV4,
		.hi = (uint64_t)(v.client >> 64),
		.lo = (uint64_t)v.client,
	};
	netaddr_format(&addr, v.addr);
	addr.hi = (uint64_t)(local >> 64);
	addr.lo = (uint64_t)local;
	netaddr_format(&addr, v.local);
	v.port = port_number(v.place.port);
	return v;
}

static bool
load(const struct model *model)
{
	struct diagnostics *list = diagnostics_new();
	FILE *out = fopen(file, "w");
	int error;

	model_print(model, out);
	fclose(out);
	error = store_load(service.store, list);
	diagnostics_free(list);
	return error == 0;
}

static void
try(uint64_t seed, int fd)
{
	struct model model, later;
	struct random random = { seed * UINT64_C(0x9e3779b97f4a7c15) + 1 };

	model_make(&model, &random);
	if (load(&model) == naive_refused(&model))
		differ(seed, &(struct visitor){ 0 }, "loading", "");
	if (naive_refused(&model)) {
		refused++;
		return;
	}
	later = model;
	model_sleep(&later);
	for (int i = 0; i < CLIENTS; i++) {
		struct visitor v = visitor_make(&model, &random);

		if (v.ipv6 && v.client >> 32 == 0xffff)
			continue;
		check_explain(seed, &model, &v);
		check_service(seed, &later, &v, fd);
		visitors++;
	}
}

int
main(int argc, char **argv)
{
	struct seeds seeds = seeds_asked(argc, argv, POLICIES, ALL);
	struct policyd *policyd;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	service_make(&policyd);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
		return 2;
	for (uint64_t i = 0; i < seeds.count; i++)
		try(seeds.first + i, fd);
	close(fd);
	service_free(policyd);
	printf("%llu policies, %llu of them refused; %llu clients asked for, "
	       "%llu relay\n",
	    (unsigned long long)seeds.count, (unsigned long long)refused,
	    (unsigned long long)visitors, (unsigned long long)relaying);
	return visitors > seeds.count && relaying > 0 ? 0 : 1;
}
