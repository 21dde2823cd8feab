/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/policy.h"
#include "text.h"
#include "util.h"

#define DEFAULT_SERIAL_PORT 0x3F8u

void policy_init(struct policy_page *policy)
{
	memset(policy, 0, sizeof(*policy));
	policy->magic = POLICY_MAGIC;
	policy->version = POLICY_VERSION;
	policy->guest_vmpl = 2;
	policy->flags = POLICY_FLAG_SERVICES;
	policy->serial_port = DEFAULT_SERIAL_PORT;
}

static const char *set_number(uint32_t *field, const char *value, uint64_t min, uint64_t max, const char *allowed)
{
	uint64_t number;

	if (parse_number(value, max, &number) != 0 || number < min)
		return allowed;
	*field = (uint32_t)number;
	return NULL;
}

static const char *set_flag(struct policy_page *policy, uint32_t flag, const char *value)
{
	if (strcmp(value, "on") == 0)
		policy->flags |= flag;
	else if (strcmp(value, "off") == 0)
		policy->flags &= ~flag;
	else
		return "must be on or off";
	return NULL;
}

static const char *set_secure_boot(struct policy_page *policy, const char *value)
{
	for (uint32_t mode = 0; policy_secure_boot_name(mode) != NULL; mode++) {
		if (strcmp(policy_secure_boot_name(mode), value) == 0) {
			policy->secure_boot = mode;
			return NULL;
		}
	}
	return "must be off, setup or deployed";
}

/* Names with spaces between them; "none" or nothing for an empty list. */
static const char *set_services_off(struct policy_page *policy, const char *value)
{
	char names[POLICY_OFF_MAX][POLICY_NAME_SIZE] = { { 0 } };
	uint32_t count = 0;

	if (strcmp(value, "none") == 0)
		value = "";
	for (value += strspn(value, " \t"); *value != '\0'; value += strspn(value, " \t")) {
		size_t length = strcspn(value, " \t");

		if (!policy_name_good(value, length))
			return "must be names of services, each of up to 31 characters";
		if (count == POLICY_OFF_MAX)
			return "names more than 8 services";
		memcpy(names[count++], value, length);
		value += length;
	}
	memcpy(policy->off, names, sizeof(names));
	policy->off_count = count;
	return NULL;
}

const char *policy_set(struct policy_page *policy, const char *key, const char *value)
{
	if (strcmp(key, "guest-vmpl") == 0)
		return set_number(&policy->guest_vmpl, value, 1, 3, "must be 1, 2 or 3");
	if (strcmp(key, "console") == 0)
		return set_flag(policy, POLICY_FLAG_CONSOLE, value);
	if (strcmp(key, "serial-port") == 0)
		return set_number(&policy->serial_port, value, 1, 0xFFF8, "must be an I/O port, up to 0xfff8");
	if (strcmp(key, "services") == 0)
		return set_flag(policy, POLICY_FLAG_SERVICES, value);
	if (strcmp(key, "services-off") == 0)
		return set_services_off(policy, value);
	if (strcmp(key, "secure-boot") == 0)
		return set_secure_boot(policy, value);
	return "is no key of a policy";
}

int policy_parse(struct policy_page *policy, const char *text, size_t size, struct policy_error *error)
{
	struct policy_page result = *policy;
	struct text_line line;
	struct text_reader reader;

	text_begin(&reader, text, size);
	while (text_next(&reader, &line)) {
		error->line = line.number;
		error->text = line.error != NULL ? line.error : policy_set(&result, line.key, line.value);
		if (error->text != NULL)
			return ERR_FORMAT;
	}
	*policy = result;
	return 0;
}

struct output {
	char *at;
	size_t left;
	bool good;
};

static void put(struct output *output, const char *format, ...) __printf_like(2, 3);
static void put(struct output *output, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(output->at, output->left, format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= output->left) {
		output->good = false;
		return;
	}
	output->at += length;
	output->left -= (size_t)length;
}

bool policy_format(const struct policy_page *policy, char *text, size_t size)
{
	struct output output = { text, size, true };

	put(&output, "guest-vmpl = %" PRIu32 "\n", policy->guest_vmpl);
	put(&output, "console = %s\n", policy->flags & POLICY_FLAG_CONSOLE ? "on" : "off");
	put(&output, "serial-port = 0x%" PRIx32 "\n", policy->serial_port);
	put(&output, "services = %s\n", policy->flags & POLICY_FLAG_SERVICES ? "on" : "off");
	put(&output, "services-off =%s", policy->off_count == 0 ? " none" : "");
	for (uint32_t i = 0; i < policy->off_count; i++)
		put(&output, " %s", policy->off[i]);
	put(&output, "\nsecure-boot = %s\n", policy_secure_boot_name(policy->secure_boot));
	return output.good;
}

int policy_read_file(struct policy_page *policy, const char *path)
{
	struct policy_error error;
	struct blob file;
	int result;

	if (blob_read(&file, "policy", path) != 0)
		return ERR_INVALID;
	result = policy_parse(policy, (const char *)file.data, file.size, &error);
	blob_free(&file);
	if (result != 0)
		report("policy %s, line %" PRIu32 ": %s", path, error.line, error.text);
	return result;
}

int policy_set_argument(struct policy_page *policy, const char *command, const char *argument)
{
	struct policy_error error;

	if (policy_parse(policy, argument, strlen(argument), &error) == 0)
		return 0;
	report("%s: --set %s: %s", command, argument, error.text);
	return ERR_INVALID;
}
