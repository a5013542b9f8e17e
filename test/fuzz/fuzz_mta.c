/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_mta - main.cf, master.cf, sendmail.cf.
 *
 * Whatever the text: places are lines of it, values end, lists of values end,
 * and nothing is longer than what names within names allow.
 */
#include "fuzz.h"
#include "postfix.h"
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
check_settings(struct postfix *p, const struct postfix_service *s,
    const struct postfix_setting *list, size_t count, size_t lines)
{
	for (size_t i = 0; i < count; i++) {
		struct where where;
		const char *value = postfix_value(p, s, list[i].name, &where);
		const char *at = value, *item;

		MUST(where.line > 0 && where.line <= lines);
		while ((item = postfix_item(p, &at)) != NULL) {
			MUST(at > value && at <= value + strlen(value));
			postfix_attribute(p, item, "default_action");
		}
	}
}

static void
check_postfix(const uint8_t *data, size_t size, size_t lines)
{
	char *main = copy(data, size), *master = copy(data, size);
	struct postfix p;

	MUST(postfix_init(&p, "mx1.contoso.com", "/etc/postfix") == 0);
	postfix_read_main(&p, "main.cf", main);
	postfix_read_master(&p, "master.cf", master);
	check_settings(&p, NULL, p.settings, p.nsettings, lines);
	for (size_t i = 0; i < p.nservices; i++) {
		postfix_is_chrooted(&p, &p.services[i]);
		check_settings(&p, &p.services[i], p.services[i].settings,
		    p.services[i].nsettings, lines);
	}
	MUST(!p.failed);
	postfix_fini(&p);
	free(main);
	free(master);
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
