/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_import_clixml - import of Export-Clixml.
 */
#include "fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_import(data, size, import_clixml);
	return 0;
}
