/* SPDX-License-Identifier: MIT */
#include "kernel/proc/door.h"

#include "abi/svsm.h"
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/proc/entropy.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"
#include "lib/format.h"
#include "lib/policy.h"
#include "lib/string.h"

#define START_MS 30000u
#define INIT_MEMORY (512u << 10)
#define MANIFEST_KEY ~0ull
#define RESET_TRIES 3u
#define POLICY_PREFIX "SERVICES_OFF="

struct door {
	bool open;
	uint32_t protocol;
	struct handle client;
	struct request *request; /* in progress or answered; NULL: the door is free */
	uint64_t vcpu, key;      /* whose it is */
	uint64_t answered;       /* when its answer was there; 0: not yet */
};

static struct door doors[DOOR_MAX];

/* ---- start ---- */

/* What the first process is told: its handles, and of the policy what is its business. */
static uint32_t make_environment(char *text, const struct policy_page *policy)
{
	_Static_assert(sizeof(POLICY_PREFIX) + (size_t)POLICY_OFF_MAX * POLICY_NAME_SIZE + 96u <= SERVICE_ENVIRONMENT_MAX, "it fits");
	size_t size = format_text(text, SERVICE_ENVIRONMENT_MAX, "HANDLES=log=0 random=1 archive=2 door=3") + 1;

	size += format_text(text + size, SERVICE_ENVIRONMENT_MAX - size, "SECURE_BOOT=%s",
			    policy_secure_boot_name(policy->secure_boot)) + 1;
	size += format_text(text + size, SERVICE_ENVIRONMENT_MAX - size, POLICY_PREFIX);
	for (uint32_t i = 0; i < policy->off_count; i++)
		size += format_text(text + size, SERVICE_ENVIRONMENT_MAX - size, "%s%s", i == 0 ? "" : " ", policy->off[i]);
	return (uint32_t)size + 1u;
}

static void start_init(const struct policy_page *policy)
{
	static char environment[SERVICE_ENVIRONMENT_MAX];
	static const struct handle handles[] = { [SERVICE_INIT_LOG] = { HANDLE_LOG, 0 },
						 [SERVICE_INIT_RANDOM] = { HANDLE_RANDOM, 0 },
						 [SERVICE_INIT_ARCHIVE] = { HANDLE_ARCHIVE, 0 },
						 [SERVICE_INIT_DOOR] = { HANDLE_DOOR, 0 } };
	struct service_start start = { .name = SERVICE_INIT_FILE,
				       .file = SERVICE_INIT_FILE,
				       .memory_limit = INIT_MEMORY,
				       .environment_size = make_environment(environment, policy),
				       .handle_count = ARRAY_SIZE(handles) };
	struct process *init;
	int error = process_create(&start, environment, handles, NULL, &init);

	if (error != 0) {
		log_line("the first process cannot be started (error %d): there are no services", error);
		return;
	}
	if (!services_run(NULL, START_MS))
		log_line("services take more than %u s to start: going on", START_MS / 1000u);
}

void services_start(const struct launch_block *block, const struct policy_page *policy, const struct snp_cpuid_page *cpuid)
{
	const uint8_t *archive = (const uint8_t *)(uintptr_t)(MONITOR_VA + block->archive_offset);
	int error;

	if (block->archive_size == 0)
		return;
	if ((policy->flags & POLICY_FLAG_SERVICES) == 0) {
		log_line("the policy turns services off");
		return;
	}
	error = archive_open(&services_archive, archive, block->archive_size);
	if (error != 0) {
		log_line("the archive of services is malformed (error %d): there are no services", error);
		return;
	}
	services_archive_base = paging_region_gpa + block->archive_offset;
	if (entropy_init(cpuid) != 0)
		log_line("the processor offers no usable random number generator");
	spinlock_acquire(&services_lock);
	start_init(policy);
	spinlock_release(&services_lock);
}

/* ---- doors ---- */

static struct door *find_door(uint32_t protocol)
{
	for (uint32_t i = 0; i < DOOR_MAX; i++) {
		if (doors[i].open && doors[i].protocol == protocol)
			return &doors[i];
	}
	return NULL;
}

bool door_is_open(uint32_t protocol)
{
	return find_door(protocol) != NULL;
}

int door_publish(uint32_t protocol, struct handle client)
{
	struct door *door = find_door(protocol);

	for (uint32_t i = 0; i < DOOR_MAX && door == NULL; i++) {
		if (!doors[i].open)
			door = &doors[i];
	}
	if (door == NULL)
		return ERR_NO_MEMORY;
	channel_retain(client);
	if (door->open)
		channel_release(door->client);
	door->protocol = protocol;
	door->client = client;
	door->open = true;
	return 0;
}

static void drop_request(struct door *door)
{
	request_abandon(door->request);
	door->request = NULL;
}

/* Makes the request of a new call. */
static int begin(struct door *door, const struct door_exchange *exchange)
{
	struct request *request = request_create(door->client.index, NULL);
	int error;

	if (request == NULL)
		return ERR_BUSY;
	error = memory_allocate(1, &request->page[0]);
	if (error != 0) {
		request_free(request);
		return error;
	}
	request->pages = 1;
	error = exchange->fill(exchange->context, request->data, &request->size, paging_region_pointer(request->page[0]));
	if (error != 0) {
		request_free(request);
		return error;
	}
	door->request = request;
	door->vcpu = exchange->vcpu;
	door->key = exchange->key;
	door->answered = 0;
	request_send(request);
	return 0;
}

static int fetch(struct door *door, const struct door_exchange *exchange)
{
	struct request *request = door->request;
	int error = exchange->fetch(exchange->context, request->data, request->size,
				    request->pages == 0 ? NULL : paging_region_pointer(request->page[0]));

	request_free(request);
	door->request = NULL;
	return error;
}

/* The service died with the request, or nobody works on it. What init does about that it does now. */
static int give_up(struct door *door)
{
	drop_request(door);
	(void)services_run(NULL, DOOR_SLICE_MS);
	return ERR_STATE;
}

static int go_on(struct door *door, const struct door_exchange *exchange)
{
	bool rest = services_run(door->request, DOOR_SLICE_MS);

	if (door->request->state == REQUEST_DONE)
		return fetch(door, exchange);
	return door->request->state == REQUEST_FAILED || rest ? give_up(door) : ERR_INCOMPLETE;
}

/* The door is taken by another call: works for that, and drops its answer when nobody comes for it. */
static void help(struct door *door)
{
	uint64_t now;

	(void)services_run(door->request, DOOR_SLICE_MS);
	if (door->request->state != REQUEST_DONE && door->request->state != REQUEST_FAILED)
		return;
	now = cpu_read_tsc();
	if (door->answered == 0)
		door->answered = now;
	else if (now - door->answered > DOOR_PARK_MS * platform_ticks_per_ms())
		drop_request(door);
}

static int exchange_locked(const struct door_exchange *exchange)
{
	struct door *door = find_door(exchange->protocol);
	int error;

	if (door == NULL)
		return ERR_UNSUPPORTED;
	if (door->request != NULL && door->vcpu == exchange->vcpu && door->key != exchange->key)
		drop_request(door); /* the vCPU has turned to something else */
	if (door->request != NULL && door->vcpu != exchange->vcpu) {
		help(door);
		return ERR_BUSY;
	}
	if (door->request == NULL) {
		if (!channel_has_server(door->client.index))
			return ERR_STATE;
		error = begin(door, exchange);
		if (error != 0)
			return error;
	}
	return go_on(door, exchange);
}

int door_exchange(const struct door_exchange *exchange)
{
	int error;

	if (!spinlock_try(&services_lock))
		return ERR_BUSY;
	error = exchange_locked(exchange);
	spinlock_release(&services_lock);
	return error;
}

/* ---- reset of the guest ---- */

/* ERR_FAULT: it ended, or will never answer; ERR_STATE: it lives, but has not answered that it is reset. */
static int check_reset(const struct door *door, const struct request *request)
{
	struct reset_reply reply;

	if (request->state == REQUEST_FAILED)
		return ERR_FAULT;
	if (request->state != REQUEST_DONE || request->size != sizeof(reply)) {
		log_line("the service of protocol 0x%x does not answer to a reset", door->protocol);
		return ERR_STATE;
	}
	memcpy(&reply, request->data, sizeof(reply));
	if (reply.error == 0)
		return 0;
	log_line("the service of protocol 0x%x cannot be reset: error %d", door->protocol, reply.error);
	return ERR_STATE;
}

static int ask_for_reset(const struct door *door)
{
	const struct reset_request message = { .op = SERVICE_OP_RESET };
	struct request *request = request_create(door->client.index, NULL);
	int error;

	if (request == NULL)
		return ERR_STATE;
	memcpy(request->data, &message, sizeof(message));
	request->size = sizeof(message);
	request_send(request);
	(void)services_run(request, DOOR_RESET_MS);
	error = check_reset(door, request);
	request_abandon(request);
	/* What init does about a service that ended. */
	(void)services_run(NULL, DOOR_SLICE_MS);
	return error;
}

/* One that ended is asked again once init has started it anew: that it ended alone does not say that it is another. */
static int reset_service(struct door *door)
{
	int error = ERR_FAULT;

	if (door->request != NULL)
		drop_request(door);
	for (uint32_t i = 0; i < RESET_TRIES && error == ERR_FAULT; i++)
		error = channel_has_server(door->client.index) ? ask_for_reset(door) : 0;
	return error == 0 ? 0 : ERR_STATE;
}

int door_reset(void)
{
	int result = 0;

	spinlock_acquire(&services_lock);
	for (uint32_t i = 0; i < DOOR_MAX; i++) {
		int error = doors[i].open ? reset_service(&doors[i]) : 0;

		result = result == 0 ? error : result;
	}
	spinlock_release(&services_lock);
	return result;
}

/* ---- the vTPM's manifest ---- */

struct manifest {
	uint8_t *out;
	uint32_t capacity, size;
};

static int fill_manifest(void *context, uint8_t *data, uint32_t *size, uint8_t *page)
{
	const struct vtpm_request request = { .op = SERVICE_OP_VTPM_MANIFEST };

	(void)context;
	(void)page;
	memcpy(data, &request, sizeof(request));
	*size = sizeof(request);
	return 0;
}

static int fetch_manifest(void *context, const uint8_t *data, uint32_t size, const uint8_t *page)
{
	struct manifest *manifest = context;
	struct vtpm_reply reply;

	if (size != sizeof(reply) || page == NULL)
		return ERR_STATE;
	memcpy(&reply, data, sizeof(reply));
	if (reply.error != 0 || reply.size > PAGE_SIZE)
		return ERR_STATE;
	if (reply.size > manifest->capacity)
		return ERR_OVERFLOW;
	memcpy(manifest->out, page, reply.size);
	manifest->size = reply.size;
	return 0;
}

int door_vtpm_manifest(uint8_t *out, uint32_t capacity, uint32_t *size)
{
	struct manifest manifest = { .out = out, .capacity = capacity };
	struct door_exchange exchange = { .protocol = SVSM_PROTOCOL_VTPM,
					  .vcpu = percpu_self()->index,
					  .key = MANIFEST_KEY,
					  .fill = fill_manifest,
					  .fetch = fetch_manifest,
					  .context = &manifest };
	int error = door_exchange(&exchange);

	if (error == 0)
		*size = manifest.size;
	return error;
}
