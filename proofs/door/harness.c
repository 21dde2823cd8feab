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
static bool resetting, starting;
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
	if (the_request.state == REQUEST_DONE) {
		the_request.size = any_u32();
		ASSUME(the_request.size <= SERVICE_MESSAGE_MAX);
		for (uint32_t i = 0; i < sizeof(struct reset_reply); i++)
			the_request.data[i] = any_u8();
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
	PROVE(request == &the_request && (resetting || filled == 1), "what is sent was filled");
	if (resetting)
		reset_request_send();
	sent++;
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

#include "kernel/proc/door.c"

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
