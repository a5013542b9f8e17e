/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_import_list - import of Format-List.
 */
#include "fuzz_import.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_import(data, size, import_format_list);
	return 0;
}
