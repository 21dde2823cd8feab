/* SPDX-License-Identifier: MIT */
/*
 * The first process: any manifest within its bounds, over a monitor that answers all that abi/service.h allows. What the monitor
 * knows of its handles is kept here.
 */
#include "proofs/prover.h"

#define service_call asm_service_call
#include "services/bare/bare.h"
#undef service_call
#include "lib/format.h"
#include "lib/string.h"

#define HANDLES 16u /* numbers of handles that the monitor may give here */

static int64_t service_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c);
static void any_log(const char *format);
static size_t handle_text(char *buffer, size_t size, const char *format, const char *between, const char *name, uint32_t number);
static size_t any_strlen(const char *text);
static void *copy_bytes(void *to, const void *from, size_t size);

#define service_log(format, ...) any_log(format)
#ifdef START
#define format_text handle_text
#define strlen any_strlen
#define memcpy copy_bytes
#endif
#include "services/init/main.c"

static bool open_handle[HANDLES], running[HANDLES]; /* channel ends, processes */
static uint32_t closed, waits, wait_rounds, published, channels_made, lines_of_log, starts;
static bool wait_over, file_mapped;
static int32_t ended_handle;

static void any_log(const char *format)
{
	lines_of_log++;
}

static int64_t any_error(void)
{
	return -(int64_t)(1 + any_u8() % 15u);
}

/* A number that names nothing yet. */
static int32_t new_handle(void)
{
	int32_t handle = 4 + any_u8() % (int32_t)(HANDLES - 4u);

	ASSUME(!open_handle[handle] && !running[handle]);
	return handle;
}

/* ---- the manifest ---- */

static bool service_good(const struct manifest_service *plan)
{
	for (uint32_t i = 0; i < MANIFEST_ENDS_MAX; i++) {
		if (i < plan->end_count && plan->end[i].channel >= manifest.channel_count)
			return false;
	}
	return plan->end_count <= MANIFEST_ENDS_MAX && plan->text_size <= MANIFEST_TEXT_MAX && plan->restart <= RESTART_FAILED;
}

/* What proofs/manifest shows of a service; its names and texts are not read here. */
static void any_service(struct manifest_service *plan)
{
	plan->memory = any_u64();
	plan->run = any_u64();
	plan->log = any_bool();
	plan->random = any_bool();
	plan->end_count = any_u32();
	for (uint32_t i = 0; i < MANIFEST_ENDS_MAX; i++)
		plan->end[i] = (struct manifest_end){ any_u32(), any_bool() };
	plan->text_size = any_u32();
	plan->restart = any_u8() % 3;
	plan->restarts = any_u32();
	ASSUME(service_good(plan));
}

static void any_manifest(void)
{
	manifest.service_count = any_u32();
	manifest.channel_count = any_u32();
	manifest.door_count = any_u32();
	ASSUME(manifest.service_count <= MANIFEST_SERVICES_MAX && manifest.channel_count <= MANIFEST_CHANNELS_MAX && manifest.door_count <= MANIFEST_DOORS_MAX);
	for (uint32_t i = 0; i < MANIFEST_DOORS_MAX; i++) {
		manifest.door[i] = (struct manifest_door){ any_u32(), any_u32() };
		ASSUME(i >= manifest.door_count || manifest.door[i].channel < manifest.channel_count);
	}
#ifndef START
	for (uint32_t i = 0; i < MANIFEST_SERVICES_MAX; i++)
		any_service(&manifest.service[i]);
#endif
}

static bool parse_failed;

int manifest_parse(struct manifest *out, const char *text, uint64_t size, struct manifest_error *error)
{
	PROVE(out == &manifest && file_mapped, "the manifest that was mapped is read");
	any_manifest();
	error->line = any_u32();
	parse_failed = any_bool();
	return parse_failed ? ERR_FORMAT : 0;
}

/* ---- starting a service ---- */

static char *environment_begin;
static uint64_t environment_used, text_used, length_of_name[MANIFEST_CHANNELS_MAX], length_of_mode, length_of_failed;
static char mode_of_boot[8];
static uint32_t handles_named;
static const char *handle_name[MANIFEST_ENDS_MAX + 2u];
static struct service the_service;
static bool boot_told, failed_told;
static uint32_t name_copies;

static uint64_t length_of(const char *name)
{
	for (uint32_t i = 0; i < MANIFEST_CHANNELS_MAX; i++) {
		if (name == manifest.channel[i])
			return length_of_name[i];
	}
	return name[0] == 'l' ? 3 : 6; /* log, random */
}

static size_t handle_text(char *buffer, size_t size, const char *format, const char *between, const char *name, uint32_t number)
{
	uint64_t length = (between[0] == 0 ? 0 : 1) + length_of(name) + 1 + (number < 10 ? 1 : 2);

	PROVE(__CPROVER_w_ok(buffer, size) && size == HANDLES_TEXT_MAX - text_used, "the text has the room that is left");
	PROVE((between[0] == 0) == (text_used == 0), "names have a space between them");
	PROVE(length < size, "no handle's name is cut off");
	PROVE(number == handles_named && number < MANIFEST_ENDS_MAX + 2u, "each handle has the next number");
	handle_name[number % (MANIFEST_ENDS_MAX + 2u)] = name;
	handles_named++;
	text_used += length;
	return length;
}

static size_t any_strlen(const char *text)
{
	if (text == mode_of_boot)
		return length_of_mode;
	if (text == the_service.plan->failed_text)
		return length_of_failed;
	return text_used; /* of the text of the handles */
}

static void *copy_bytes(void *to, const void *from, size_t size)
{
	PROVE(size == 0 || (__CPROVER_w_ok(to, size) && (from == mode_of_boot || __CPROVER_r_ok(from, size))), "both sides are as long");
	if (from == the_service.plan->name || from == the_service.plan->file) {
		PROVE(size == SERVICE_NAME_MAX, "a whole name");
		name_copies++;
		return to;
	}
	if (environment_begin == NULL)
		environment_begin = to;
	PROVE(to == environment_begin + environment_used, "strings of the environment follow each other");
	PROVE(IMPLIES(environment_used == 0, size == 8), "the first one is HANDLES");
	boot_told = boot_told || from == mode_of_boot;
	failed_told = failed_told || from == the_service.plan->failed_text;
	environment_used += size;
	return to;
}

static const char *boot;

/* Of its own environment it wants the policy's words. */
const char *service_environment(const char *name)
{
	return boot;
}

static uint32_t handles_given;

static int64_t process_start(const struct service_start *start)
{
	starts++;
	PROVE(start->handle_count == handles_given, "it gets its handles");
	PROVE(start->environment == (uint64_t)(uintptr_t)environment_begin && start->environment_size == environment_used &&
	      environment_used <= SERVICE_ENVIRONMENT_MAX, "and all of its environment");
	PROVE(start->memory_limit == the_service.plan->memory && start->run_limit == the_service.plan->run && name_copies == 2, "its names and limits");
	return any_bool() ? 4 + any_u8() % 28 : any_error();
}

/* What prove_handles() shows of it. */
void stub_add_handles(const struct manifest_service *plan, struct service_start *start, char *text)
{
	PROVE(plan == the_service.plan && start->handle_count == 0 && __CPROVER_w_ok(text, HANDLES_TEXT_MAX), "an empty table, and room for the text");
	handles_given = start->handle_count = any_u8() % (MANIFEST_ENDS_MAX + 3u);
	text_used = any_u16() % HANDLES_TEXT_MAX;
}

static void any_plan(void)
{
	static struct manifest_service plan;

	any_manifest();
	any_service(&plan);
	the_service.plan = &plan;
	the_service.process = NO_HANDLE;
}

#ifdef START
void prove_start(void)
{
	bool failed = any_bool();

	any_plan();
	boot = any_bool() ? mode_of_boot : NULL;
	length_of_mode = any_u64() >> 1;
	length_of_failed = any_u64() % MANIFEST_TEXT_MAX;
	start_service(&the_service, failed);
	PROVE(starts == 1 && failed_told == failed, "it is started once, and told when it is in the place of another one");
	PROVE(IMPLIES(boot_told, boot != NULL && length_of_mode < 20), "a mode that is too long is not told");
	PROVE((the_service.process == NO_HANDLE) == (lines_of_log == 1) && (the_service.process == NO_HANDLE || the_service.process >= 4), "a failure is told in the log");
	if (the_service.process == NO_HANDLE)
		CANARY("not started");
	if (handles_given == MANIFEST_ENDS_MAX + 2u && boot_told && failed)
		CANARY("all there is");
}

void prove_handles(void)
{
	static char text[HANDLES_TEXT_MAX];
	static struct service_start start;
	uint32_t index = any_u8() % (MANIFEST_ENDS_MAX + 2u), plain;

	any_plan();
	for (uint32_t i = 0; i < MANIFEST_CHANNELS_MAX; i++) {
		length_of_name[i] = 1 + any_u8() % (SERVICE_NAME_MAX - 1u);
		server_end[i] = any_bool() ? NO_HANDLE : 4 + any_u8() % 28;
		client_end[i] = 4 + any_u8() % 28;
	}
	plain = (the_service.plan->log ? 1 : 0) + (the_service.plan->random ? 1 : 0);
	add_handles(the_service.plan, &start, text);
	PROVE(start.handle_count == plain + the_service.plan->end_count && start.handle_count == handles_named && start.handle_count <= SERVICE_HANDLES_MAX,
	      "it gets its handles, each named");
	PROVE(text_used < HANDLES_TEXT_MAX, "the text ends");
	if (handles_named == MANIFEST_ENDS_MAX + 2u)
		CANARY("all there are");
	if (index >= start.handle_count)
		return;
	int32_t handle = start.handle[index];

	if (index < plain) {
		PROVE(handle == (index == 0 && the_service.plan->log ? SERVICE_INIT_LOG : SERVICE_INIT_RANDOM), "log and random where it has them");
		return;
	}
	const struct manifest_end *end = &the_service.plan->end[index - plain];

	PROVE(handle == (end->server ? server_end[end->channel] : client_end[end->channel]) && handle_name[index] == manifest.channel[end->channel],
	      "the ends of its channels, by their names");
	PROVE(handle != SERVICE_INIT_ARCHIVE && handle != SERVICE_INIT_DOOR, "neither the archive nor the door");
	CANARY("a channel");
}
#endif

/* ---- the monitor's calls ---- */

static bool channels_failed, doors_good = true;

static int64_t channel_create(int32_t *ends)
{
	PROVE(__CPROVER_w_ok(ends, 2 * sizeof(*ends)) && !channels_failed, "room for two ends; the first error is the end");
	if (any_bool()) {
		channels_failed = true;
		return any_error();
	}
	ends[0] = new_handle();
	open_handle[ends[0]] = true;
	ends[1] = new_handle();
	open_handle[ends[1]] = true;
	channels_made++;
	return 0;
}

static int64_t process_wait(struct service_exit *out)
{
	PROVE(!wait_over, "an error is the end");
	if (wait_rounds == 0 || any_bool()) {
		wait_over = true;
		return ERR_STATE;
	}
	wait_rounds--;
	out->handle = any_u8() % (int32_t)HANDLES;
	ASSUME(running[out->handle]);
	running[out->handle] = false;
	ended_handle = out->handle;
	waits++;
	return 0;
}

static int64_t service_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
	switch (number) {
#ifdef START
	case SYS_PROCESS_START:
		PROVE(a == SERVICE_INIT_ARCHIVE, "a file of the archive");
		return process_start((const struct service_start *)(uintptr_t)b);
#else
	case SYS_CHANNEL_CREATE: return channel_create((int32_t *)(uintptr_t)a);
	case SYS_PROCESS_WAIT: return process_wait((struct service_exit *)(uintptr_t)a);
	case SYS_FILE_MAP: {
		struct service_file *file = (struct service_file *)(uintptr_t)c;

		PROVE(a == SERVICE_INIT_ARCHIVE && __CPROVER_r_ok((const void *)(uintptr_t)b, SERVICE_NAME_MAX), "a file of the archive");
		if (any_bool())
			return any_error();
		file_mapped = true;
		file->address = any_u64();
		file->size = any_u64();
		return 0;
	}
	case SYS_HANDLE_CLOSE:
		PROVE(a < HANDLES && open_handle[a % HANDLES], "a handle is closed once, and is one of a channel");
		open_handle[a % HANDLES] = false;
		closed++;
		return 0;
	case SYS_PUBLISH:
		PROVE(a == SERVICE_INIT_DOOR && c < HANDLES && open_handle[c % HANDLES], "a door leads to a channel that there is");
		published++;
		for (uint32_t i = 0; i < MANIFEST_CHANNELS_MAX; i++) {
			if (i < manifest.channel_count && client_end[i] == (int32_t)c)
				doors_good = doors_good && server_end[i] != NO_HANDLE;
		}
		return any_bool() ? 0 : any_error();
#endif
	default:
		PROVE(false, "no other call of the monitor");
		return 0;
	}
}

/* ---- the lives of services ---- */

#ifndef START
static bool off[MANIFEST_SERVICES_MAX], told_failed;
static uint32_t started[MANIFEST_SERVICES_MAX];

/* What prove_off() shows of it. */
bool stub_is_off(const char *name)
{
	for (uint32_t i = 0; i < MANIFEST_SERVICES_MAX; i++) {
		if (name == manifest.service[i].name)
			return off[i];
	}
	PROVE(false, "the name of a service");
	return false;
}

/* What prove_start() shows of it. */
void stub_start_service(struct service *service, bool failed)
{
	uint32_t index = (uint32_t)(service - services);

	PROVE(index < manifest.service_count && service->plan == &manifest.service[index] && service->process == NO_HANDLE, "a service that does not run");
	starts++;
	started[index]++;
	told_failed = failed;
	service->process = any_bool() ? NO_HANDLE : new_handle();
	if (service->process != NO_HANDLE)
		running[service->process] = true;
}

/* Ends of channels are open, or closed and known to be so; services that run are known by their handles. */
static bool lives_good(void)
{
	for (uint32_t i = 0; i < MANIFEST_CHANNELS_MAX; i++) {
		if (i >= manifest.channel_count)
			continue;
		if (client_end[i] < 4 || client_end[i] >= (int32_t)HANDLES || !open_handle[client_end[i]])
			return false;
		if (server_end[i] != NO_HANDLE && (server_end[i] < 4 || server_end[i] >= (int32_t)HANDLES || !open_handle[server_end[i]]))
			return false;
		for (uint32_t j = 0; j < MANIFEST_CHANNELS_MAX; j++) {
			if (j < manifest.channel_count && ((j != i && server_end[i] == server_end[j] && server_end[i] != NO_HANDLE) || server_end[i] == client_end[j]))
				return false;
		}
	}
	for (uint32_t i = 0; i < MANIFEST_SERVICES_MAX; i++) {
		if (i >= manifest.service_count)
			continue;
		if (services[i].plan != &manifest.service[i])
			return false;
		if (services[i].process != NO_HANDLE && (services[i].process < 4 || services[i].process >= (int32_t)HANDLES || !running[services[i].process]))
			return false;
		for (uint32_t j = 0; j < i; j++) {
			if (services[i].process == services[j].process && services[i].process != NO_HANDLE)
				return false;
		}
	}
	return true;
}

static void any_lives(bool channels)
{
	any_manifest();
	ASSUME(channels || manifest.channel_count == 0);
	for (uint32_t i = 0; i < HANDLES; i++) {
		open_handle[i] = any_bool();
		running[i] = any_bool() && !open_handle[i];
	}
	for (uint32_t i = 0; i < MANIFEST_CHANNELS_MAX; i++) {
		server_end[i] = any_int();
		client_end[i] = any_int();
	}
	for (uint32_t i = 0; i < MANIFEST_SERVICES_MAX; i++) {
		services[i].plan = &manifest.service[i];
		services[i].process = any_int();
		services[i].restarts = any_u32();
	}
	ASSUME(lives_good());
}

static bool serves(const struct manifest_service *plan, uint32_t channel)
{
	for (uint32_t i = 0; i < MANIFEST_ENDS_MAX; i++) {
		if (i < plan->end_count && plan->end[i].server && plan->end[i].channel == channel)
			return true;
	}
	return false;
}

void prove_restart(void)
{
	const uint32_t index = 0; /* the others are like it */
	uint32_t channel = any_u8() % MANIFEST_CHANNELS_MAX, restarts;
	int32_t before;

	any_lives(true);
	ASSUME(index < manifest.service_count && channel < manifest.channel_count);
	ASSUME(services[index].process == NO_HANDLE); /* it has ended */
	before = server_end[channel];
	restarts = services[index].restarts;
	restart(&services[index]);
	const struct manifest_service *plan = services[index].plan;
	bool again = plan->restart != RESTART_NEVER && restarts < plan->restarts;

	PROVE(lives_good(), "handles are as they are known");
	PROVE(starts == (again ? 1 : 0) && services[index].restarts == restarts + starts, "it is started again as often as the manifest says");
	PROVE(IMPLIES(again, told_failed == (plan->restart == RESTART_FAILED)), "and told when it is in the place of one that failed");
	if (services[index].process != NO_HANDLE) {
		PROVE(server_end[channel] == before && closed == 0, "of one that runs no channel is closed");
		CANARY("again");
		return;
	}
	PROVE(lines_of_log != 0, "one that stays down is told in the log");
	if (serves(plan, channel)) {
		PROVE(server_end[channel] == NO_HANDLE && (before == NO_HANDLE || !open_handle[before]), "its channels have no server any more");
		CANARY("down");
	} else {
		PROVE(server_end[channel] == before, "all others have theirs");
		CANARY("not its channel");
	}
}

static uint32_t restarts_seen;

/* What prove_restart() shows of it. */
void stub_restart(struct service *service)
{
	PROVE(service >= services && service < services + manifest.service_count && service->process == NO_HANDLE, "a service that has ended");
	restarts_seen++;
	if (any_bool()) {
		service->process = new_handle();
		running[service->process] = true;
	}
}

void prove_watch(void)
{
	any_lives(false); /* it does not look at channels */
	wait_rounds = any_u8() % 3;
	uint32_t first = wait_rounds;

	watch();
	PROVE(wait_over && lives_good(), "it watches until there is nothing left, and knows what runs");
	PROVE(restarts_seen <= waits, "what has ended is dealt with once");
	if (restarts_seen == 2)
		CANARY("two");
	if (first != 0 && waits != 0 && restarts_seen == 0)
		CANARY("another process");
}

void prove_manifest(void)
{
	bool read = read_manifest();

	PROVE(read == file_mapped && IMPLIES(!read, lines_of_log == 1), "without a file there is no manifest, and the log says so");
	PROVE(IMPLIES(read, (lines_of_log == 1) == parse_failed), "what is wrong in it is told");
	if (read && !parse_failed)
		CANARY("read");
	if (parse_failed)
		CANARY("wrong");
}

/* What prove_manifest() shows of it. */
bool stub_read_manifest(void)
{
	any_manifest();
	file_mapped = any_bool();
	if (!file_mapped)
		lines_of_log++;
	return file_mapped;
}

/* What prove_watch() shows of it. */
void stub_watch(void)
{
	PROVE(lives_good() && doors_good, "all is as it is known; doors lead to servers");
	waits++;
}

void prove_main(void)
{
	const uint32_t index = 1; /* the others are like it */
	uint32_t channel = any_u8() % MANIFEST_CHANNELS_MAX;

	for (uint32_t i = 0; i < MANIFEST_SERVICES_MAX; i++)
		off[i] = any_bool();
	service_main();
	PROVE((waits == 1) == (file_mapped && !channels_failed), "without a manifest or its channels nothing is started");
	if (waits == 0) {
		PROVE(starts == 0 && published == 0 && lines_of_log == (file_mapped ? lines_of_log : 1), "and it is told in the log");
		CANARY("nothing");
		return;
	}
	PROVE(channels_made == manifest.channel_count, "there are all channels");
	if (index < manifest.service_count) {
		PROVE(started[index] == (off[index] ? 0 : 1), "each service is started once, but for what is off");
		if (services[index].process == NO_HANDLE && channel < manifest.channel_count && serves(&manifest.service[index], channel)) {
			PROVE(server_end[channel] == NO_HANDLE, "what is not served has no server");
			CANARY("not served");
		}
		if (started[index] != 0)
			CANARY("started");
	}
	if (published == MANIFEST_DOORS_MAX)
		CANARY("doors");
}

/* ---- what is off ---- */

#define LIST 4u
#define NAME 2u

void prove_off(void)
{
	static char list[LIST + NAME + 1u];
	char name[NAME + 1u];
	uint32_t length = 0;
	bool listed = false, ended = false;

	name[NAME] = 0;
	ASSUME(name[0] != 0 && name[0] != ' ' && name[1] != ' ');
	length = name[1] == 0 ? 1 : 2;
	__CPROVER_havoc_object(list);
	for (uint32_t i = LIST; i < sizeof(list); i++)
		list[i] = 0;
	boot = any_bool() ? NULL : list;
	for (uint32_t i = 0; i < LIST; i++) {
		bool same = list[i] == name[0] && (length == 1 || list[i + 1] == name[1]), begins = i == 0 || list[i - 1] == ' ';

		ended = ended || list[i] == 0;
		listed = listed || (!ended && begins && same && (list[i + length] == 0 || list[i + length] == ' '));
	}
	PROVE(is_off(name) == (listed && boot != NULL), "what is off is a whole word of the list");
	if (listed && list[0] != name[0] && boot != NULL)
		CANARY("off");
	if (!listed)
		CANARY("on");
}
#endif
