/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_order - lines of the control socket, which whoever can open it writes.
 *
 * Whatever the text: what is refused says why, in one line, and leaves the
 * order alone; what is accepted is one of the verbs, with a level that there
 * is.
 */
#include "fuzz.h"
#include "log.h"
#include "control_request.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct order order = { .verb = ORDER_COUNT, .level = -1 };
	const char *why = NULL;

	if (size > ORDER_SIZE_MAX)
		return 0;
	if (order_parse((const char *)data, size, &order, &why) != 0) {
		MUST(why != NULL && strchr(why, '\n') == NULL);
		MUST(order.verb == ORDER_COUNT && order.level == -1);
		return 0;
	}
	MUST(order.verb < ORDER_COUNT);
	MUST(!order.ranges || order.verb == ORDER_STATUS);
	if (order.verb == ORDER_LOG_LEVEL)
		MUST(log_level_name(order.level) != NULL);
	return 0;
}
