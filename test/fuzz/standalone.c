/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * standalone FILE|FOLDER... - replays inputs through a fuzz target.
 *
 * Stands in for libFuzzer's main() in ordinary builds, so that every seed
 * and every unit that once failed is tried on each run of the tests. Always
 * tries the empty input as well. Folders are read one level deep. Exits 1 if
 * an input cannot be read; a failed property aborts.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { INPUT_MAX = 1 << 20, PATH_SIZE = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned inputs;

/* The input is in a block of its exact size, so that a sanitizer or valgrind
 * sees the first byte behind it. */
static int
input_try(const char *path)
{
	static uint8_t bytes[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	uint8_t *exact;
	size_t size;
	int broken;

	if (file == NULL) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	size = fread(bytes, 1, sizeof(bytes), file);
	broken = ferror(file) || !feof(file);
	(void)fclose(file);
	exact = malloc(size > 0 ? size : 1);
	if (broken || exact == NULL) {
		(void)fprintf(stderr, "%s: cannot be read\n", path);
		free(exact);
		return 1;
	}
	memcpy(exact, bytes, size);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	inputs++;
	return 0;
}

static int
folder_try(const char *path)
{
	char inner[PATH_SIZE];
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort), failed = 0, i, n;

	if (count < 0) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	for (i = 0; i < count; i++) {
		n = snprintf(
		    inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
		if (n < 0 || (size_t)n >= sizeof(inner))
			failed = 1;
		else if (names[i]->d_name[0] != '.')
			failed |= input_try(inner);
		free(names[i]);
	}
	free(names);
	return failed;
}

int
main(int argc, char **argv)
{
	struct stat info;
	int failed = 0, i;

	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (i = 1; i < argc; i++) {
		if (stat(argv[i], &info) == 0 && S_ISDIR(info.st_mode))
			failed |= folder_try(argv[i]);
		else
			failed |= input_try(argv[i]);
	}
	(void)printf("%u inputs\n", inputs);
	if (argc > 1 && inputs == 0) {
		(void)fprintf(stderr, "no input was found\n");
		failed = 1;
	}
	return failed;
}
