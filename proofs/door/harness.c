/* SPDX-License-Identifier: MIT */
/*
 * The guest's door: one call of a guest, from any state of a door, with services that do anything. A request is made once
 * for a call however often the guest issues it, and its answer is fetched once, by the vCPU that it belongs to. Then the reset
 * of the guest, from any state of all doors; the start of the first process; the vTPM's manifest.
 */
#include "proofs/prover.h"

#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/x86/percpu.h"
#define KERNEL_X86_CPU_H
static inline uint64_t cpu_read_tsc(void) { return any_u64() >> 1; }
#include "kernel/proc/door.h"
#undef DOOR_MAX
#define DOOR_MAX 2u

static struct request the_request, other_request; /* of this call; what the door held before */
static uint32_t made, sent, fetched, filled, retained, released;
static bool fetched_other, request_gone, other_gone;
static uint8_t page[PAGE_SIZE];
static struct percpu cpu;
static bool resetting, starting, answering, request_asks;
static uint32_t start_runs;
#define START_TIME 30000u

struct spinlock services_lock;
struct archive services_archive;
uint64_t services_archive_base;

struct percpu *percpu_self(void) { return &cpu; }
void *paging_region_pointer(pa_t address) { return page; }
uint64_t platform_ticks_per_ms(void) { return 2000; }
void log_line(const char *format, ...) { }

int memory_allocate(uint64_t count, pa_t *out)
{
	*out = pa(0x1000);
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

/* ---- the reset: door n has channel n and perhaps the request of the guest before ---- */

static struct request old_request[DOOR_MAX];
static bool old_gone[DOOR_MAX], has_server[DOOR_MAX], answered_good[DOOR_MAX], no_request[DOOR_MAX], reset_alive;
static uint32_t asked[DOOR_MAX];
static bool reset_failed; /* the last one that was asked ended */

static struct request *reset_request_create(uint32_t channel, struct thread *caller)
{
	PROVE(channel < DOOR_MAX && caller == NULL && !reset_alive, "one request at a time, the monitor's own");
	PROVE(old_request[channel].size == 0 || old_gone[channel], "the old guest's request is gone first");
	PROVE(asked[channel] == 0 || reset_failed, "one that answered is not asked again");
	answered_good[channel] = false;
	no_request[channel] = any_bool();
	if (no_request[channel])
		return NULL;
	reset_alive = true;
	asked[channel]++;
	the_request = (struct request){ .state = REQUEST_QUEUED, .channel = channel };
	return &the_request;
}

static void reset_request_abandon(struct request *request)
{
	for (uint32_t i = 0; i < DOOR_MAX; i++) {
		if (request == &old_request[i]) {
			PROVE(!old_gone[i], "the old guest's request ends once");
			old_gone[i] = true;
			return;
		}
	}
	PROVE(request == &the_request && reset_alive, "a request ends once");
	reset_alive = false;
}

static void reset_request_send(void)
{
	const struct reset_request *message = (const struct reset_request *)the_request.data;

	PROVE(reset_alive && the_request.size == sizeof(*message) && message->op == SERVICE_OP_RESET && message->reserved == 0,
	      "what is sent says that the guest is reset");
}

/* The service answers anything, ends, or does nothing for as long as it may; of one that ended init may start another. */
static bool reset_run(const struct request *request, uint32_t milliseconds)
{
	uint32_t channel = the_request.channel % DOOR_MAX;

	if (request == NULL) {
		has_server[channel] = any_bool();
		return any_bool();
	}
	PROVE(request == &the_request && reset_alive && milliseconds == DOOR_RESET_MS, "it is waited for as long as documented");
	the_request.state = any_bool() ? REQUEST_QUEUED : any_bool() ? REQUEST_TAKEN : any_bool() ? REQUEST_DONE : REQUEST_FAILED;
	/* An answer that is not done may look like one. */
	the_request.size = any_u32();
	ASSUME(the_request.size <= SERVICE_MESSAGE_MAX);
	for (uint32_t i = 0; i < sizeof(struct reset_reply); i++)
		the_request.data[i] = any_u8();
	if (the_request.state == REQUEST_DONE) {
		answered_good[channel] = the_request.size == sizeof(struct reset_reply) && the_request.data[0] == 0 && the_request.data[1] == 0 &&
					 the_request.data[2] == 0 && the_request.data[3] == 0;
	}
	reset_failed = the_request.state == REQUEST_FAILED;
	return any_bool();
}

static bool reset_has_server(uint32_t index)
{
	return has_server[index % DOOR_MAX];
}

struct request *request_create(uint32_t channel, struct thread *caller)
{
	if (resetting)
		return reset_request_create(channel, caller);
	if (any_bool())
		return NULL;
	PROVE(caller == NULL && made == 0, "one request is made, and it is the monitor's own");
	made++;
	the_request = (struct request){ .state = REQUEST_QUEUED, .channel = channel };
	return &the_request;
}

static void end_request(struct request *request)
{
	PROVE(request == &the_request ? made == 1 && !request_gone : request == &other_request && !other_gone, "a request ends once");
	if (request == &the_request)
		request_gone = true;
	else
		other_gone = true;
}

void request_free(struct request *request) { end_request(request); }

void request_abandon(struct request *request)
{
	if (resetting)
		reset_request_abandon(request);
	else
		end_request(request);
}

void request_send(struct request *request)
{
	PROVE(request == &the_request && (resetting || answering || filled == 1), "what is sent was filled");
	if (resetting)
		reset_request_send();
	if (answering)
		request_asks = request_asks && the_request.size == sizeof(struct vtpm_request);
	sent++;
}

static struct vtpm_reply the_reply, other_reply, last_reply; /* what is in the data of an answer */
static bool reply_good; /* the last answer is one, with a page */

/* What a service wrote: anything, of any size that a message can have, with a page or without. */
static void any_answer(struct request *request)
{
	uint32_t size = any_u32();

	ASSUME(size <= SERVICE_MESSAGE_MAX);
	last_reply = (struct vtpm_reply){ .error = any_int(), .size = any_u32() };
	if (request == &the_request) {
		the_request.size = size;
		the_reply = last_reply;
	} else {
		other_request.size = size;
		other_reply = last_reply;
	}
	reply_good = size == sizeof(last_reply) && last_reply.error == 0 && request->pages != 0;
}

/* Services: the request may be taken, answered, or fail; what has an answer stays as it is. */
bool services_run(const struct request *request, uint32_t milliseconds)
{
	struct request *live = request == &the_request ? &the_request : &other_request;

	if (starting) {
		start_runs++;
		PROVE(request == NULL && milliseconds == START_TIME, "the first process starts the others, for a while");
		return any_bool();
	}
	if (resetting)
		return reset_run(request, milliseconds);
	if (request == NULL)
		return any_bool();
	PROVE(request == &the_request ? !request_gone : !other_gone, "what is waited for is there");
	if (live->state != REQUEST_DONE && live->state != REQUEST_FAILED) {
		live->state = any_bool() ? REQUEST_QUEUED : any_bool() ? REQUEST_TAKEN : any_bool() ? REQUEST_DONE : REQUEST_FAILED;
		live->pages = any_bool() ? 1u : 0u;
		if (answering && live->state == REQUEST_DONE)
			any_answer(live);
	}
	return live->state == REQUEST_DONE || live->state == REQUEST_FAILED || any_bool();
}

bool channel_has_server(uint32_t index)
{
	if (resetting)
		return reset_has_server(index);
	return any_bool();
}

void channel_retain(struct handle end) { retained++; }
void channel_release(struct handle end) { released++; }

/* ---- the start ---- */

static struct policy_page policy;
static uint64_t archive_offset, archive_size;
static bool archive_bad, archive_opened, entropy_bad, entropy_started, start_called, create_called, create_bad;
static const char *environment_made;
static uint32_t environment_size;
static struct process first;

uint64_t paging_region_gpa;

int archive_open(struct archive *archive, const void *data, uint64_t size)
{
	PROVE(archive == &services_archive && (uintptr_t)data == MONITOR_VA + archive_offset && size == archive_size,
	      "the archive is the image's, all of it");
	archive_opened = true;
	archive_bad = any_bool();
	return archive_bad ? ERR_FORMAT : 0;
}

int entropy_init(const struct snp_cpuid_page *cpuid)
{
	entropy_started = true;
	return any_bool() ? 0 : any_bool() ? ERR_FAULT : ERR_UNSUPPORTED;
}

uint32_t stub_make_environment(char *text, const struct policy_page *from)
{
	PROVE(__CPROVER_w_ok(text, SERVICE_ENVIRONMENT_MAX) && from == &policy, "there is room for all of it");
	environment_made = text;
	environment_size = any_u32();
	ASSUME(environment_size != 0 && environment_size <= SERVICE_ENVIRONMENT_MAX);
	return environment_size;
}

static bool is_init(const char *name)
{
	return name[0] == 'i' && name[1] == 'n' && name[2] == 'i' && name[3] == 't' && name[4] == 0;
}

int process_create(const struct service_start *start, const char *environment, const struct handle *handles, struct process *parent,
		   struct process **out)
{
	PROVE(!create_called && services_lock.taken == 1, "one process is made, under the lock");
	PROVE(is_init(start->name) && is_init(start->file) && parent == NULL, "the first one, which nobody waits for");
	PROVE(environment == environment_made && start->environment_size == environment_size, "it gets its environment");
	PROVE(start->handle_count == 4 && __CPROVER_r_ok(handles, 4 * sizeof(*handles)), "and four handles");
	PROVE(handles[0].type == HANDLE_LOG && handles[1].type == HANDLE_RANDOM && handles[2].type == HANDLE_ARCHIVE && handles[3].type == HANDLE_DOOR,
	      "those that it knows by their numbers, and no other");
	PROVE(start->memory_limit != 0 && start->memory_limit <= 1u << 20, "and memory");
	create_called = true;
	create_bad = any_bool();
	if (create_bad)
		return any_bool() ? ERR_NO_MEMORY : any_bool() ? ERR_NOT_FOUND : any_bool() ? ERR_FORMAT : ERR_INVALID;
	*out = &first;
	return 0;
}

void stub_start_init(const struct policy_page *from)
{
	PROVE(from == &policy && services_lock.taken == 1 && !start_called, "started once, under the lock");
	PROVE(archive_opened && !archive_bad && services_archive_base == paging_region_gpa + archive_offset && entropy_started,
	      "when there is an archive that is good, and what services need is there");
	start_called = true;
}

static uint32_t copied, copy_watch, copy_room;
static const uint8_t *copy_from;
static uint8_t manifest_out[PAGE_SIZE + 8];
static uint8_t page_byte, out_byte; /* at copy_watch, of both: as bytes of the arrays the formulas would be a thousand times as large */

/* Into the manifest's buffer: one byte that nobody chose stands for all. */
void *stub_memcpy(void *restrict destination, const void *restrict source, size_t size)
{
	uint8_t *to = destination;
	const uint8_t *from = source;

	PROVE(__CPROVER_w_ok(destination, size) && __CPROVER_r_ok(source, size), "what is copied is inside");
	if (to == the_request.data) {
		const struct vtpm_request *message = source;

		PROVE(size == sizeof(*message), "a request is copied whole");
		request_asks = message->op == SERVICE_OP_VTPM_MANIFEST && message->locality == 0 && message->size == 0;
		return destination;
	}
	if (to != manifest_out) {
		PROVE(size == sizeof(struct vtpm_reply) && (from == the_request.data || from == other_request.data), "a reply is copied whole");
		*(struct vtpm_reply *)destination = from == the_request.data ? the_reply : other_reply;
		return destination;
	}
	PROVE(size <= copy_room && from == page, "what is handed out is of the page that came back, and there is room for it");
	copied += 1;
	if (copy_watch < size)
		out_byte = page_byte;
	return destination;
}

#include "kernel/proc/door.c"
#include "lib/policy.c"

static int fill(void *context, uint8_t *data, uint32_t *size, uint8_t *to)
{
	PROVE(data == the_request.data && to == page && !request_gone, "the new request is filled");
	filled++;
	*size = any_u8();
	return any_bool() ? 0 : ERR_ADDRESS;
}

static int fetch_answer(void *context, const uint8_t *data, uint32_t size, const uint8_t *from)
{
	struct request *request = data == the_request.data ? &the_request : &other_request;

	PROVE(data == request->data && request->state == REQUEST_DONE, "what is fetched is an answer");
	PROVE(request == &the_request ? sent == 1 && !request_gone : !other_gone, "of a request that was sent and is there");
	PROVE((from == NULL) == (request->pages == 0), "the page is there when one came back");
	fetched++;
	fetched_other = request == &other_request;
	return any_bool() ? 0 : ERR_STATE;
}

/* A door that is free, or holds the request of some vCPU. */
static struct door *any_door(void)
{
	struct door *door = &doors[1];

	*door = (struct door){ .open = true, .protocol = any_u32(), .vcpu = any_u64(), .key = any_u64(), .answered = any_u64() >> 1 };
	door->client = (struct handle){ HANDLE_CLIENT, 1 };
	other_request.state = any_bool() ? REQUEST_QUEUED : any_bool() ? REQUEST_TAKEN : any_bool() ? REQUEST_DONE : REQUEST_FAILED;
	other_request.pages = any_bool() ? 1u : 0u;
	door->request = any_bool() ? &other_request : NULL;
	return door;
}

void prove_exchange(void)
{
	struct door *door = any_door();
	struct door_exchange exchange = { .protocol = any_u32(), .vcpu = any_u64(), .key = any_u64(), .fill = fill, .fetch = fetch_answer };
	bool held = door->request != NULL, mine = held && door->vcpu == exchange.vcpu && door->key == exchange.key;
	bool foreign = held && door->vcpu != exchange.vcpu;
	int error = door_exchange(&exchange);
	bool same = exchange.protocol == door->protocol;

	PROVE(services_lock.taken == 0, "the lock is free");
	PROVE(made <= 1 && filled <= made && sent <= filled && fetched <= 1, "a request is made, filled, sent and answered once");
	PROVE(IMPLIES(mine, made == 0), "a call that is issued again makes no second request");
	PROVE(IMPLIES(foreign, made == 0 && fetched == 0 && (error == ERR_BUSY || !same)), "the request of another vCPU is left to it");
	PROVE(IMPLIES(fetched_other, mine), "an answer goes to the call that it belongs to");
	PROVE(IMPLIES(error == 0, fetched == 1 && door->request == NULL), "success is an answer, fetched, and the door is free");
	PROVE(IMPLIES(error == ERR_INCOMPLETE, door->request == (mine ? &other_request : &the_request) && door->vcpu == exchange.vcpu && door->key == exchange.key),
	      "a call that goes on finds its request");
	PROVE(IMPLIES(made == 1 && door->request != &the_request, request_gone), "no request is left behind");
	PROVE(IMPLIES(held && door->request != &other_request, other_gone), "nor the one before");
	PROVE(IMPLIES(door->request == &other_request, !other_gone) && IMPLIES(door->request == &the_request, sent == 1 && !request_gone),
	      "what the door holds is there");
	PROVE(IMPLIES(!same, error == ERR_UNSUPPORTED && made == 0), "a protocol that nobody serves");
	if (error == ERR_INCOMPLETE && made == 1)
		CANARY("begun");
	if (error == 0 && mine)
		CANARY("fetched later");
	if (foreign && other_gone)
		CANARY("dropped, as nobody came for it");
}

void prove_publish(void)
{
	struct door *door = any_door();
	uint32_t protocol = any_u32(), before = door->protocol;
	const struct handle client = { HANDLE_CLIENT, any_u32() };

	doors[0].open = any_bool();
	doors[0].protocol = any_u32();
	ASSUME(!doors[0].open || doors[0].protocol != door->protocol);
	bool again = protocol == before || (doors[0].open && doors[0].protocol == protocol), room = !doors[0].open;
	int error = door_publish(protocol, client);

	PROVE((error == 0) == (again || room), "a protocol has a door, or there is none free");
	PROVE(retained == (error == 0) && released == (error == 0 && again), "each door counts as one client of its channel");
	PROVE(IMPLIES(error == 0, door_is_open(protocol) && find_door(protocol)->client.index == client.index), "its calls go there");
	PROVE(IMPLIES(error != 0, door->protocol == before && doors[1].client.index == 1), "a refusal changes nothing");
	if (again)
		CANARY("another channel");
	if (!again && error == 0)
		CANARY("a new door");
}

void prove_reset(void)
{
	bool open[DOOR_MAX];

	resetting = true;
	for (uint32_t i = 0; i < DOOR_MAX; i++) {
		open[i] = any_bool();
		has_server[i] = any_bool();
		old_request[i].size = any_bool() ? 1u : 0u; /* there is one */
		ASSUME(open[i] || old_request[i].size == 0);
		doors[i] = (struct door){ .open = open[i], .protocol = any_u32(), .client = { HANDLE_CLIENT, i }, .vcpu = any_u64(), .key = any_u64() };
		doors[i].request = old_request[i].size != 0 ? &old_request[i] : NULL;
	}
	int error = door_reset();

	PROVE(services_lock.taken == 0 && !reset_alive, "the lock is free, and no request of the reset is left");
	PROVE(error == 0 || error == ERR_STATE, "a documented error");
	for (uint32_t i = 0; i < DOOR_MAX; i++) {
		PROVE(doors[i].request == NULL && IMPLIES(old_request[i].size != 0, old_gone[i]), "no request of the old guest is left, whatever happens");
		PROVE(doors[i].open == open[i] && doors[i].client.index == i, "the doors stay");
		PROVE(asked[i] <= 3 && IMPLIES(!open[i], asked[i] == 0), "a service is asked three times at most");
		PROVE(IMPLIES(error == 0 && open[i], answered_good[i] || !has_server[i]), "success: each service has said that it is reset, or is gone");
	}
	PROVE(IMPLIES(error != 0, (open[0] && !answered_good[0]) || (open[1] && !answered_good[1])), "an error is one of a service's");
	if (error == 0 && answered_good[0] && answered_good[1])
		CANARY("all have said so");
	if (error == 0 && asked[1] == 3)
		CANARY("started anew");
	if (error != 0 && answered_good[1])
		CANARY("one has not; the others were asked all the same");
}

/* ---- the start of services ---- */

/* Pieces of text as format_text() writes them: where, in what room, of what. */
static char text[SERVICE_ENVIRONMENT_MAX];
static uint32_t pieces, text_at, name_size[POLICY_OFF_MAX]; /* as the policy's check lets them through, without the NUL */

static bool same(const char *a, const char *b)
{
	bool good = true;

	for (uint32_t i = 0; i < 64 && good && (i == 0 || a[i - 1] != 0); i++)
		good = a[i] == b[i];
	return good;
}

size_t stub_format_text(char *buffer, size_t size, const char *format, ...)
{
	static const uint32_t mode_size[] = { 3, 5, 8 };
	uint32_t length = 0, n = pieces < 3 ? 0 : pieces - 3;
	va_list arguments;

	va_start(arguments, format);
	PROVE(buffer == text + text_at && size == SERVICE_ENVIRONMENT_MAX - text_at, "it goes where it belongs, and the room is what is left");
	if (pieces == 0) {
		PROVE(same(format, "HANDLES=log=0 random=1 archive=2 door=3"), "first the four handles by their numbers");
		length = sizeof("HANDLES=log=0 random=1 archive=2 door=3") - 1;
		text_at = length + 1;
	} else if (pieces == 1) {
		PROVE(same(format, "SECURE_BOOT=%s") && same(va_arg(arguments, const char *), policy_secure_boot_name(policy.secure_boot)),
		      "then the mode of Secure Boot that the policy demands");
		length = sizeof("SECURE_BOOT=") - 1 + mode_size[policy.secure_boot];
		text_at += length + 1;
	} else if (pieces == 2) {
		PROVE(same(format, "SERVICES_OFF="), "then the services that the policy turns off");
		length = sizeof("SERVICES_OFF=") - 1;
		text_at += length;
	} else {
		const char *blank = va_arg(arguments, const char *), *name = va_arg(arguments, const char *);

		PROVE(same(format, "%s%s") && n < policy.off_count && name == policy.off[n] && same(blank, n == 0 ? "" : " "),
		      "name by name, with blanks between");
		length = name_size[n % POLICY_OFF_MAX] + (n != 0);
		text_at += length;
	}
	va_end(arguments);
	PROVE(length < size, "it fits, whole");
	pieces++;
	return length;
}

void prove_environment(void)
{
	policy.secure_boot = any_u8() % 3u;
	policy.flags = any_u32();
	policy.off_count = any_u32();
	ASSUME(policy.off_count <= POLICY_OFF_MAX);
	for (uint32_t i = 0; i < POLICY_OFF_MAX; i++) {
		name_size[i] = any_u32();
		ASSUME(name_size[i] != 0 && name_size[i] < POLICY_NAME_SIZE);
	}
	uint32_t size = make_environment(text, &policy);

	PROVE(pieces == 3 + policy.off_count && size == text_at + 1 && size <= SERVICE_ENVIRONMENT_MAX, "that is all, and it ends with a NUL");
	if (policy.off_count == POLICY_OFF_MAX)
		CANARY("all names");
	if (policy.off_count == 0)
		CANARY("no name");
}

void prove_start_init(void)
{
	starting = true;
	services_lock.taken = 1;
	start_init(&policy);
	PROVE(create_called && environment_made != NULL, "the first process is asked for");
	PROVE(start_runs == (create_bad ? 0u : 1u), "when it is there it runs; else nothing does");
	if (create_bad)
		CANARY("refused");
	else
		CANARY("started");
}

void prove_services_start(void)
{
	struct launch_block block = { .archive_offset = any_u64(), .archive_size = any_u64() };
	struct snp_cpuid_page *cpuid = NULL;

	policy.flags = any_u32();
	paging_region_gpa = any_u64();
	ASSUME(block.archive_offset < MONITOR_SIZE && block.archive_size <= MONITOR_SIZE && paging_region_gpa < 1ull << 52);
	archive_offset = block.archive_offset;
	archive_size = block.archive_size;
	services_start(&block, &policy, cpuid);
	bool wanted = archive_size != 0 && (policy.flags & POLICY_FLAG_SERVICES) != 0;

	PROVE(services_lock.taken == 0, "the lock is free");
	PROVE(archive_opened == wanted, "an archive is looked at when there is one and the policy lets it");
	PROVE(start_called == (wanted && !archive_bad), "services start when it is good, and else not");
	PROVE(IMPLIES(!start_called, !entropy_started && services_archive_base == 0), "where there are no services nothing is made for them");
	if (start_called)
		CANARY("started");
	if (wanted && !start_called)
		CANARY("a malformed archive");
	if (archive_size != 0 && !wanted)
		CANARY("turned off");
}

/* ---- the vTPM's manifest ---- */

void prove_manifest(void)
{
	struct door *door = any_door();
	uint32_t capacity = any_u32(), old_size = any_u32(), size = old_size;

	answering = true;
	copied = 0;
	copy_watch = any_u32();
	copy_room = capacity;
	ASSUME(copy_watch < sizeof(manifest_out) && capacity <= sizeof(manifest_out));
	cpu.index = any_u32();
	page_byte = any_u8();
	out_byte = any_u8();
	uint8_t old = out_byte;

	if (other_request.state == REQUEST_DONE)
		any_answer(&other_request);
	bool mine = door->request != NULL && door->vcpu == cpu.index && door->key == ~0ull, open = door->protocol == SVSM_PROTOCOL_VTPM;
	bool foreign = door->request != NULL && door->vcpu != cpu.index;
	int error = door_vtpm_manifest(manifest_out, capacity, &size);

	PROVE(copied <= 1 && (error == 0) == (copied == 1), "success is a manifest, which is copied once");
	PROVE(IMPLIES(error != 0, size == old_size && out_byte == old), "an error leaves everything as it was");
	PROVE(IMPLIES(error == 0, reply_good && size == last_reply.size), "it is what the service says that it is");
	PROVE(IMPLIES(error == 0, open && !foreign && size <= capacity && size <= PAGE_SIZE), "it is as long as it may be at most, whatever the service says");
	PROVE(IMPLIES(error == 0, out_byte == (copy_watch < size ? page_byte : old)), "it is what the service wrote, and nothing behind it changes");
	PROVE(IMPLIES(mine && open, made == 0), "a call that is issued again asks no second time");
	PROVE(IMPLIES(made == 1 && sent == 1, request_asks), "what is asked is the manifest");
	PROVE(IMPLIES(error == ERR_INCOMPLETE, door->vcpu == cpu.index && door->key == ~0ull), "it goes on with a key that is no address of a command");
	PROVE(IMPLIES(!open, error == ERR_UNSUPPORTED), "where nobody serves it there is none");
	if (error == 0 && size == PAGE_SIZE)
		CANARY("a full page");
	if (error == 0 && mine)
		CANARY("fetched later");
	if (error == ERR_OVERFLOW)
		CANARY("too long");
	if (error == ERR_INCOMPLETE && made == 1)
		CANARY("asked");
}
