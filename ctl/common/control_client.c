/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control_client.c - asks the daemon over its control socket.
 */
#include "control_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	ANSWER_MAX = 64 << 20,
	ANSWER_STEP = 65536,
};

int
control_option(
    struct ctl *ctl, int option, const char *value, const char **path)
{
	if (option != 'C')
		return ctl_option(ctl, option, value);
	*path = strncmp(value, "unix:", 5) == 0 ? value + 5 : value;
	return -1;
}

int
control_options(struct ctl *ctl, const struct verb *verb, int argc, char **argv,
    const char **path)
{
	static const struct option options[] = { CONTROL_OPTIONS, { 0 } };
	int c, status = -1;

	*path = CONTROL_PATH;
	ctl_init(ctl, verb);
	while (status < 0 &&
	       (c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		status = control_option(ctl, c, optarg, path);
	return status;
}

static int
complain_socket(const struct ctl *ctl, const char *path, int error)
{
	const char *advice = "";

	if (error == ENOENT || error == ECONNREFUSED)
		advice = "; is connector-milter running? --control names its "
			 "control socket";
	else if (error == ETIMEDOUT)
		advice = "; connector-milter hangs, or this is not its control "
			 "socket";
	else if (error == EACCES)
		advice = "; root, the user and the group that connector-milter "
			 "runs as may ask";
	return ctl_complain(ctl, "%s: %s%s", path, strerror(error), advice);
}

/* EAGAIN is what a time limit of a socket ends with. */
static int
failure(void)
{
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

static int
path_connect(const char *path, unsigned seconds, int *out)
{
	const struct timeval limit = { .tv_sec = (time_t)seconds };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof addr.sun_path)
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* The one for sending is that for connecting, too. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
	    connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0) {
		int error = failure();

		close(fd);
		return error;
	}
	*out = fd;
	return 0;
}

static int
text_send(int fd, const char *text, size_t len)
{
	size_t sent = 0;

	while (sent < len) {
		ssize_t n = send(fd, text + sent, len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failure();
		sent += (size_t)n;
	}
	return 0;
}

static int
text_receive(int fd, char **out, size_t *out_len)
{
	char *text = NULL, *more;
	size_t len = 0;

	for (;;) {
		ssize_t n;

		more =
		    len < ANSWER_MAX ? realloc(text, len + ANSWER_STEP) : NULL;
		if (more == NULL) {
			free(text);
			return -ENOMEM;
		}
		text = more;
		n = recv(fd, text + len, ANSWER_STEP, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int error = failure();

			free(text);
			return error;
		}
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*out = text;
	*out_len = len;
	return 0;
}

static int
talk(const char *path, unsigned seconds, char *question, char **answer,
    size_t *len)
{
	size_t end = strlen(question);
	int fd = -1, error = path_connect(path, seconds, &fd);

	if (error != 0)
		return error;
	/* In one piece; the NUL makes room. */
	question[end] = '\n';
	error = text_send(fd, question, end + 1);
	if (error == 0)
		error = text_receive(fd, answer, len);
	close(fd);
	return error;
}

int
control_ask(const struct ctl *ctl, const char *path, unsigned seconds,
    json_t *question, json_t **answer)
{
	char *text = question ? json_dumps(question, JSON_COMPACT) : NULL;
	char *got = NULL;
	size_t len = 0;
	json_t *json;
	int error =
	    text != NULL ? talk(path, seconds, text, &got, &len) : -ENOMEM;

	json_decref(question);
	free(text);
	/* The first two: before it had read all of the question. */
	if (error == -EPIPE || error == -ECONNRESET ||
	    (error == 0 && len == 0)) {
		free(got);
		return ctl_complain(ctl,
		    "%s: connector-milter went away without an answer", path);
	}
	if (error != 0)
		return complain_socket(ctl, path, -error);
	json = json_loadb(got, len, 0, NULL);
	free(got);
	if (!json_is_object(json) || json_object_get(json, "error") != NULL) {
		const char *why =
		    json_string_value(json_object_get(json, "error"));

		ctl_complain(ctl, "%s: %s", path,
		    why != NULL ? why : "no answer that makes sense");
		json_decref(json);
		return STATUS_UNKNOWN;
	}
	*answer = json;
	return STATUS_YES;
}

const char *
answer_text(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL ? text : "-";
}

json_int_t
answer_number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

bool
answer_is(const json_t *json, const char *key)
{
	return json_is_true(json_object_get(json, key));
}

void
answer_print_findings(FILE *out, const json_t *findings)
{
	const json_t *finding;
	size_t i;

	json_array_foreach(findings, i, finding) {
		json_int_t line = answer_number(finding, "line");

		fputs(answer_text(finding, "file"), out);
		if (line != 0)
			fprintf(out, ":%lld:%lld", (long long)line,
			    (long long)answer_number(finding, "column"));
		fprintf(out, ": %s: %s [%s]\n",
		    answer_text(finding, "severity"),
		    answer_text(finding, "message"),
		    answer_text(finding, "id"));
	}
}
