/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_import_table - import of Format-Table.
 */
#include "fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_import(data, size, import_table);
	return 0;
}
