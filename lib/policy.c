/* SPDX-License-Identifier: MIT */
#include "lib/policy.h"

#define SERIAL_PORT_MAX 0xFFF8u

const char *policy_secure_boot_name(uint32_t mode)
{
	static const char *const names[] = { [POLICY_SECURE_BOOT_OFF] = "off",
					     [POLICY_SECURE_BOOT_SETUP] = "setup",
					     [POLICY_SECURE_BOOT_DEPLOYED] = "deployed" };

	return mode < ARRAY_SIZE(names) ? names[mode] : NULL;
}

static bool name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '.';
}

bool policy_name_good(const char *name, size_t size)
{
	if (size == 0 || size >= POLICY_NAME_SIZE)
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!name_character(name[i]))
			return false;
	}
	return true;
}

static bool all_zero(const void *data, size_t size)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < size; i++) {
		if (byte[i] != 0)
			return false;
	}
	return true;
}

/* A name and zeros behind it. */
static bool slot_good(const char slot[POLICY_NAME_SIZE])
{
	size_t size = 0;

	while (size < POLICY_NAME_SIZE && slot[size] != '\0')
		size++;
	return policy_name_good(slot, size) && all_zero(slot + size, POLICY_NAME_SIZE - size);
}

const char *policy_check(const struct policy_page *policy)
{
	if (policy->magic != POLICY_MAGIC)
		return "is not a policy page: bad magic number";
	if (policy->version != POLICY_VERSION)
		return "has an unknown version";
	if (policy->guest_vmpl < 1 || policy->guest_vmpl > 3)
		return "guest level must be 1, 2 or 3";
	if ((policy->flags & ~(POLICY_FLAG_CONSOLE | POLICY_FLAG_SERVICES)) != 0)
		return "has an unknown flag";
	if (policy->serial_port < 1 || policy->serial_port > SERIAL_PORT_MAX)
		return "serial port must be 1 to 0xfff8";
	if (policy_secure_boot_name(policy->secure_boot) == NULL)
		return "has an unknown secure-boot mode";
	if (policy->off_count > POLICY_OFF_MAX)
		return "names more than 8 services";
	for (uint32_t i = 0; i < policy->off_count; i++) {
		if (!slot_good(policy->off[i]))
			return "names a service in a way that is none";
	}
	if (!all_zero(policy->off[policy->off_count], (POLICY_OFF_MAX - policy->off_count) * (size_t)POLICY_NAME_SIZE) ||
	    !all_zero(policy->reserved, sizeof(policy->reserved)))
		return "reserved bytes are not zero";
	return NULL;
}
