/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_mta - lists and places of Postfix's files, and sendmail.cf.
 *
 * Whatever the text: places are lines of it, lists end, and an item is no
 * longer than its list.
 */
#include "fuzz.h"
#include "postconf.h"
#include "sendmail_cf.h"

static char *
copy(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static void
check_postfix(const uint8_t *data, size_t size, size_t lines)
{
	struct doctor d = { .root = "", .arena = arena_new(0) };
	char *text = copy(data, size);
	const char *at = text, *item;

	MUST(d.arena != NULL);
	MUST(main_line(text, "smtpd_milters") <= lines);
	MUST(master_line(text, "smtp", "inet", NULL) <= lines);
	MUST(master_line(text, "smtp", "inet", "smtpd_milters") <= lines);
	list_is_broken(text);
	while ((item = list_item(&d, &at)) != NULL) {
		MUST(at > text && at <= text + strlen(text));
		MUST(strlen(item) <= strlen(text));
		list_attribute(&d, item, "default_action");
	}
	MUST(!d.failed);
	arena_free(d.arena);
	free(text);
}

static void
check_sendmail(const uint8_t *data, size_t size, size_t lines)
{
	struct arena *arena = arena_new(0);
	char *text = copy(data, size);
	struct sendmail_cf cf;

	MUST(arena != NULL);
	sendmail_cf_read(&cf, arena, "sendmail.cf", text);
	for (size_t i = 0; i < cf.nlines; i++) {
		MUST(cf.lines[i].where.line > 0);
		MUST(cf.lines[i].where.line <= lines);
		sendmail_cf_field(&cf, cf.lines[i].value, "S");
	}
	MUST(!cf.failed);
	arena_free(arena);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t lines = 1;

	if (size > 4096)
		return 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	check_postfix(data, size, lines);
	check_sendmail(data, size, lines);
	return 0;
}
