/* SPDX-License-Identifier: MIT */
/*
 * The first process: starts what the manifest names, but for what the policy turns off, and starts it again when it
 * ends, as the manifest says. Every service finds the policy's secure-boot mode in its environment (SECURE_BOOT).
 */
#include "lib/format.h"
#include "lib/manifest.h"
#include "lib/string.h"
#include "services/bare/bare.h"

#define HANDLES_TEXT_MAX 288u
#define NO_HANDLE (-1)
#define SECURE_BOOT_PREFIX "SECURE_BOOT="
#define POLICY_TEXT_MAX 32u

struct service {
	const struct manifest_service *plan;
	int32_t process; /* handle; NO_HANDLE: it does not run */
	uint32_t restarts;
};

static struct manifest manifest;
static struct service services[MANIFEST_SERVICES_MAX];
static int32_t server_end[MANIFEST_CHANNELS_MAX], client_end[MANIFEST_CHANNELS_MAX];

static bool read_manifest(void)
{
	static char name[SERVICE_NAME_MAX] = SERVICE_INIT_MANIFEST;
	struct manifest_error error;
	struct service_file file = { 0 };

	if (service_call(SYS_FILE_MAP, SERVICE_INIT_ARCHIVE, service_address(name), service_address(&file)) != 0) {
		service_log("there is no manifest in the archive: no services");
		return false;
	}
	if (manifest_parse(&manifest, (const char *)(uintptr_t)file.address, file.size, &error) != 0)
		service_log("manifest, line %u: %s; only what stands before it is used", error.line, error.text);
	return true;
}

/* The policy's list of services that are off: names with a space between them. */
static bool is_off(const char *name)
{
	const char *list = service_environment("SERVICES_OFF");
	size_t length = strlen(name);

	while (list != NULL && *list != '\0') {
		if (strncmp(list, name, length) == 0 && (list[length] == '\0' || list[length] == ' '))
			return true;
		while (*list != '\0' && *list != ' ')
			list++;
		while (*list == ' ')
			list++;
	}
	return false;
}

static bool make_channels(void)
{
	for (uint32_t i = 0; i < manifest.channel_count; i++) {
		int32_t ends[2] = { NO_HANDLE, NO_HANDLE };

		if (service_call(SYS_CHANNEL_CREATE, service_address(ends), 0, 0) != 0) {
			service_log("no channel %s: too many", manifest.channel[i]);
			return false;
		}
		server_end[i] = ends[0];
		client_end[i] = ends[1];
	}
	return true;
}

/* ---- starting ---- */

static void add_handle(struct service_start *start, char *text, int32_t handle, const char *name)
{
	size_t used = strlen(text);

	(void)format_text(text + used, HANDLES_TEXT_MAX - used, "%s%s=%u", used == 0 ? "" : " ", name,
			  start->handle_count);
	start->handle[start->handle_count++] = handle;
}

static void add_handles(const struct manifest_service *plan, struct service_start *start, char *text)
{
	if (plan->log)
		add_handle(start, text, SERVICE_INIT_LOG, "log");
	if (plan->random)
		add_handle(start, text, SERVICE_INIT_RANDOM, "random");
	for (uint32_t i = 0; i < plan->end_count; i++) {
		uint32_t channel = plan->end[i].channel;

		add_handle(start, text, plan->end[i].server ? server_end[channel] : client_end[channel],
			   manifest.channel[channel]);
	}
}

static void add_text(char *environment, struct service_start *start, const char *text, size_t size)
{
	memcpy(environment + start->environment_size, text, size);
	start->environment_size += (uint32_t)size;
}

/* failed: it runs in place of one that ended, and is told so. */
static void start_service(struct service *service, bool failed)
{
	static char environment[8 + HANDLES_TEXT_MAX + 2 * MANIFEST_TEXT_MAX + POLICY_TEXT_MAX];
	_Static_assert(sizeof(environment) <= SERVICE_ENVIRONMENT_MAX, "all of it fits");
	const char *secure_boot = service_environment("SECURE_BOOT");
	const struct manifest_service *plan = service->plan;
	struct service_start start = { .memory_limit = plan->memory, .run_limit = plan->run };
	char handles[HANDLES_TEXT_MAX] = "";
	int64_t result;

	memcpy(start.name, plan->name, sizeof(start.name));
	memcpy(start.file, plan->file, sizeof(start.file));
	add_handles(plan, &start, handles);
	add_text(environment, &start, "HANDLES=", 8);
	add_text(environment, &start, handles, strlen(handles) + 1);
	add_text(environment, &start, plan->text, plan->text_size);
	if (secure_boot != NULL && strlen(secure_boot) < POLICY_TEXT_MAX - sizeof(SECURE_BOOT_PREFIX)) {
		add_text(environment, &start, SECURE_BOOT_PREFIX, sizeof(SECURE_BOOT_PREFIX) - 1);
		add_text(environment, &start, secure_boot, strlen(secure_boot) + 1);
	}
	if (failed)
		add_text(environment, &start, plan->failed_text, strlen(plan->failed_text) + 1);
	start.environment = service_address(environment);
	result = service_call(SYS_PROCESS_START, SERVICE_INIT_ARCHIVE, service_address(&start), 0);
	service->process = result < 0 ? NO_HANDLE : (int32_t)result;
	if (result < 0)
		service_log("cannot start service %s (error %d)%s", plan->name, (int)result,
			    result == ERR_NOT_FOUND ? ": its file is not in the archive" : "");
}

/* Nobody serves these channels any more: whoever waits for an answer gets an error. */
static void close_channels(const struct manifest_service *plan)
{
	for (uint32_t i = 0; i < plan->end_count; i++) {
		uint32_t channel = plan->end[i].channel;

		if (!plan->end[i].server || server_end[channel] == NO_HANDLE)
			continue;
		(void)service_call(SYS_HANDLE_CLOSE, (uint64_t)server_end[channel], 0, 0);
		server_end[channel] = NO_HANDLE;
	}
}

static void open_doors(void)
{
	for (uint32_t i = 0; i < manifest.door_count; i++) {
		const struct manifest_door *door = &manifest.door[i];

		if (server_end[door->channel] != NO_HANDLE &&
		    service_call(SYS_PUBLISH, SERVICE_INIT_DOOR, door->protocol, (uint64_t)client_end[door->channel]) != 0)
			service_log("protocol %u cannot be offered", door->protocol);
	}
}

/* ---- when one ends ---- */

static void restart(struct service *service)
{
	const struct manifest_service *plan = service->plan;

	if (plan->restart != RESTART_NEVER && service->restarts < plan->restarts) {
		service->restarts++;
		service_log("starting service %s again (%u of %u)", plan->name, service->restarts, plan->restarts);
		start_service(service, plan->restart == RESTART_FAILED);
	}
	if (service->process == NO_HANDLE) {
		service_log("service %s stays down", plan->name);
		close_channels(plan);
	}
}

static void watch(void)
{
	struct service_exit ended = { .handle = NO_HANDLE };

	while (service_call(SYS_PROCESS_WAIT, service_address(&ended), 0, 0) == 0) {
		for (uint32_t i = 0; i < manifest.service_count; i++) {
			if (services[i].process != ended.handle)
				continue;
			services[i].process = NO_HANDLE;
			restart(&services[i]);
			break;
		}
	}
}

void service_main(void)
{
	if (!read_manifest() || !make_channels())
		return;
	for (uint32_t i = 0; i < manifest.service_count; i++) {
		services[i].plan = &manifest.service[i];
		services[i].process = NO_HANDLE;
		if (is_off(services[i].plan->name))
			service_log("service %s: off, as the policy says", services[i].plan->name);
		else
			start_service(&services[i], false);
		if (services[i].process == NO_HANDLE)
			close_channels(services[i].plan);
	}
	open_doors();
	watch();
	service_log("no service runs any more");
}
