/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_import_any - import of a file that is told by its content.
 */
#include "fuzz_import.h"

static int
read_any(struct import *im, const struct import_text *text)
{
	return import_read_text(im, text, IMPORT_ANY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_import(data, size, read_any);
	return 0;
}
