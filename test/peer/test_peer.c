/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_peer.c - what the test peer makes of a filter's changes.
 *
 * A peer that numbers fields wrongly would pass a filter that strips wrongly.
 */
#include "message.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
expect_headers(const struct message *m, const char *const *names, size_t n)
{
	assert_int_equal(m->nheaders, n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(m->headers[i].name, names[i]);
}

static void
five_spoofed(struct message *m)
{
	static const char *const names[] = { "X", "x", "X", "x", "X" };

	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(message_header(m, names[i], "-1"), 0);
		assert_int_equal(message_header(m, "Subject", "s"), 0);
	}
}

static void
deletion_renumbers(void **state)
{
	static const char *const left[] = { "Subject", "x", "Subject",
		"Subject", "x", "Subject", "Subject" };
	struct message m;

	(void)state;
	five_spoofed(&m);
	/* Forward: numbers 2 and 4 survive, as on a real Postfix. */
	for (uint32_t i = 1; i <= 5; i++)
		assert_int_equal(
		    message_edit(
			&m, &(struct peer_edit){ PEER_CHANGE, i, "X", "" }),
		    0);
	expect_headers(&m, left, 7);
	assert_int_equal(m.nedits, 5);
	message_clear(&m);
}

static void
backward_deletion_removes_all(void **state)
{
	static const char *const left[] = { "Subject", "Subject", "Subject",
		"Subject", "Subject" };
	struct message m;

	(void)state;
	five_spoofed(&m);
	for (uint32_t i = 5; i >= 1; i--)
		assert_int_equal(
		    message_edit(
			&m, &(struct peer_edit){ PEER_CHANGE, i, "x", "" }),
		    0);
	expect_headers(&m, left, 5);
	message_clear(&m);
}

static void
other_changes(void **state)
{
	static const char *const left[] = { "Top", "A", "b", "New", "C" };
	struct message m = { 0 };

	(void)state;
	assert_int_equal(message_header(&m, "A", "1"), 0);
	assert_int_equal(message_header(&m, "B", "2"), 0);
	const struct peer_edit edits[] = {
		{ PEER_INSERT, 0, "Top", "t" },
		{ PEER_CHANGE, 1, "b", "changed" },  /* keeps its place */
		{ PEER_CHANGE, 9, "New", "beyond" }, /* adds */
		{ PEER_CHANGE, 9, "None", "" },      /* nothing */
		{ PEER_ADD, 0, "C", "3" },
	};
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(message_edit(&m, &edits[i]), 0);
	assert_string_equal(m.headers[2].value, "changed");
	expect_headers(&m, left, 5);
	message_clear(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deletion_renumbers),
		cmocka_unit_test(backward_deletion_removes_all),
		cmocka_unit_test(other_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
