/* SPDX-License-Identifier: MIT */
/*
 * policy.h - checks a policy page (abi/policy.h). Used by the monitor at its start and by the tool that writes the page,
 * so that nothing leaves the tool that the monitor would refuse.
 */
#ifndef LIB_POLICY_H
#define LIB_POLICY_H

#include "abi/policy.h"
#include "lib/types.h"

/* NULL when every field has a known value and everything reserved is zero; else what is wrong, without a full stop. */
const char *policy_check(const struct policy_page *policy) __must_check;

/* "off", "setup", "deployed"; NULL for any other value. */
const char *policy_secure_boot_name(uint32_t mode);

/* A service's name: 1 to POLICY_NAME_SIZE - 1 characters of a-z, A-Z, 0-9, '-', '_' and '.'. */
bool policy_name_good(const char *name, size_t size);

#endif
