/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * failing.h - an allocator that fails when it is told to.
 *
 * The program that holds it is linked with --wrap for malloc() and its kin, so
 * that it stands before all of our code; libyaml and jansson, which are
 * libraries of their own, are given it by the names they offer. What glibc
 * takes for itself is not counted.
 */
#ifndef FAILING_H
#define FAILING_H

#include <stdbool.h>
#include <stddef.h>

/* The at-th allocation from now on fails, counted from 1; and those behind it
 * where last is false. 0: none fails. */
void failing_at(size_t at, bool last);
/* How many there were since then. */
size_t failing_calls(void);

#endif
