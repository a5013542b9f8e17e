/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_import_mta - import of lists of other MTAs.
 */
#include "fuzz_import.h"

static int
read_mta(struct import *im, const struct import_text *text)
{
	return import_mta(im, text, IMPORT_ANY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_import(data, size, read_mta);
	return 0;
}
