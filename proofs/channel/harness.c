/* SPDX-License-Identifier: MIT */
/*
 * Requests, channels, handles and the pages that move with messages: each operation from any state of the tables in which
 * they agree, so that no sequence of operations leads out of it. The witness is one frame that nobody chose. Two processes
 * with two handles each, three threads, three requests, two channels, messages of two pages stand for more: every loop treats
 * its entries one by one.
 */
#include "proofs/prover.h"

#define KERNEL_X86_USER_H /* of a thread's registers only those that a system call sees */
#include "kernel/x86/traps.h"
struct user_context {
	struct trap_frame frame;
	uint64_t fs_base, fault_address;
};
void user_context_init(struct user_context *context, va_t entry, va_t stack);
#include "kernel/proc/process.h"
#undef PROCESS_MAX
#undef THREAD_MAX
#undef CHANNEL_MAX
#undef REQUEST_MAX
#define PROCESS_MAX 2u
#define THREAD_MAX 3u
#define CHANNEL_MAX 2u
#define REQUEST_MAX 3u

#include "kernel/proc/process.c"
#include "kernel/proc/channel.c"

#define CONTEXT_FRAME 0xFFFFFFFFF000ull /* where the threads' registers lie */

static struct user_context context_0, context_1, context_2;

/* ---- frames and spaces: what kernel/mm/space.h says of them, and proofs/space shows ---- */

enum place { PLACE_ELSEWHERE, PLACE_FREE, PLACE_MONITOR, PLACE_SPACE };

static pa_t witness;
static enum place place;
static const struct space *holder; /* PLACE_SPACE: whose, and where */
static uint64_t holder_address;
static const struct space *old_holder; /* from where it was taken: there is a page table */
static uint64_t old_address;
static const struct space *found_space; /* where there is room, and how many pages are mapped there by now */
static uint64_t found_start, found_mapped;
static const struct space *written_space; /* a place that could be written once can be again */
static uint64_t written_address;
static uint8_t page[8]; /* stands for what the monitor looks at */
static pa_t shown, zeroed;

static bool is_found(const struct space *space, uint64_t address)
{
	return space == found_space && address >= found_start && address - found_start < found_mapped * PAGE_SIZE;
}

int space_take(struct space *space, va_t address, pa_t *frame)
{
	bool here = place == PLACE_SPACE && holder == space && holder_address == address.v;

	if (!is_aligned(address.v, PAGE_SIZE) || (!is_found(space, address.v) && any_bool()))
		return ERR_ADDRESS;
	*frame = pa(any_u64() & ~PAGE_MASK);
	ASSUME(space->own_pages != 0 && (frame->v == witness.v) == here && frame->v != CONTEXT_FRAME);
	if (here) {
		place = PLACE_MONITOR;
		old_holder = space;
		old_address = address.v;
	}
	space->own_pages--;
	return 0;
}

int space_map(struct space *space, va_t address, pa_t frame, enum space_access access, bool own, bool movable)
{
	PROVE(own && movable && access == SPACE_WRITE, "pages of messages are the receiver's to write, to give away and to free");
	PROVE(IMPLIES(frame.v == witness.v, place == PLACE_MONITOR), "no page is mapped that somebody else has");
	if (!(frame.v == witness.v && space == old_holder && address.v == old_address) && any_bool())
		return any_bool() ? ERR_ADDRESS : ERR_NO_MEMORY;
	if (frame.v == witness.v) {
		place = PLACE_SPACE;
		holder = space;
		holder_address = address.v;
	}
	if (space == found_space && address.v == found_start + found_mapped * PAGE_SIZE)
		found_mapped++;
	space->own_pages++;
	return 0;
}

int space_find(const struct space *space, uint64_t pages, va_t *address)
{
	*address = va(any_u64() & ~PAGE_MASK);
	ASSUME(address->v >= SPACE_START && address->v < SPACE_END);
	ASSUME(!(place == PLACE_SPACE && holder == space && holder_address >= address->v && holder_address - address->v < pages * PAGE_SIZE));
	found_space = space;
	found_start = address->v;
	found_mapped = 0;
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

int space_read(const struct space *space, va_t address, void *out, uint64_t size)
{
	struct service_message *message = out;

	PROVE(size == sizeof(*message), "a message is read once, whole");
	message->size = any_u32();
	message->pages = any_u32();
	message->address = any_u64();
	return any_bool() ? 0 : ERR_ADDRESS;
}

int space_write(const struct space *space, va_t address, const void *data, uint64_t size)
{
	PROVE(size == sizeof(struct service_message), "a message is written whole");
	if (!(written_space == space && written_address == address.v) && any_bool())
		return ERR_ADDRESS;
	written_space = space;
	written_address = address.v;
	return 0;
}

void space_destroy(struct space *space)
{
	if (place == PLACE_SPACE && holder == space)
		place = PLACE_FREE;
}

void *paging_region_pointer(pa_t address)
{
	shown = address;
	return page;
}

pa_t paging_region_pa(const void *pointer) { return pa(CONTEXT_FRAME); }

/* All that is ever set is set to zero: pages, requests, registers. */
void *memset(void *destination, int byte, size_t size)
{
	PROVE(byte == 0, "zeroed");
	if (destination == page) {
		PROVE(size == PAGE_SIZE, "the whole page");
		zeroed = shown;
		return destination;
	}
	for (uint32_t i = 0; i < REQUEST_MAX; i++) {
		if (destination == &requests[i]) {
			PROVE(size == sizeof(struct request), "the whole request");
			requests[i] = (struct request){ .pages = 0 };
		}
	}
	return destination;
}

/* What messages say does not matter here, but that it lies where it should. */
void *memcpy(void *restrict destination, const void *restrict source, size_t size)
{
	PROVE(size == 0 || (__CPROVER_w_ok(destination, size) && __CPROVER_r_ok(source, size)), "what is copied is inside");
	return destination;
}

void memory_free(pa_t start, uint64_t count)
{
	PROVE(count == 1, "frames are freed one by one");
	if (start.v != witness.v)
		return;
	PROVE(place == PLACE_MONITOR, "nobody has the page that is freed");
	PROVE(zeroed.v == start.v, "it was zeroed");
	place = PLACE_FREE;
}

void log_line(const char *format, ...)
{
}

/* ---- messages: what prove_send_pages() and prove_receive_pages() show ---- */

static bool in_request(const struct request *request)
{
	bool found = false;

	for (uint32_t i = 0; i < SERVICE_MESSAGE_PAGES_MAX; i++)
		found = found || (i < request->pages && request->page[i].v == witness.v);
	return found;
}

int stub_read_message(struct thread *thread, va_t address, struct request *request)
{
	PROVE(request->pages == 0, "a request gets the pages of one message");
	if (any_bool())
		return ERR_ADDRESS;
	request->pages = any_u32();
	request->size = any_u32();
	request->page[0] = pa(any_u64());
	request->page[1] = pa(any_u64());
	ASSUME(request->pages <= SERVICE_MESSAGE_PAGES_MAX && request->size <= SERVICE_MESSAGE_MAX);
	ASSUME(!(request->pages == 2 && request->page[0].v == witness.v && request->page[1].v == witness.v));
	if (in_request(request)) {
		ASSUME(place == PLACE_SPACE && holder == &thread->process->space);
		place = PLACE_MONITOR;
	}
	return 0;
}

int stub_write_message(struct thread *thread, struct request *request)
{
	if (any_bool())
		return any_bool() ? ERR_ADDRESS : ERR_NO_MEMORY;
	if (in_request(request)) {
		PROVE(place == PLACE_MONITOR, "no page is mapped that somebody else has");
		place = PLACE_SPACE;
		holder = &thread->process->space;
	}
	request->pages = 0;
	return 0;
}

/* ---- any state in which the tables agree ---- */

static uint32_t door_clients[CHANNEL_MAX]; /* ends that the monitor's door holds */

/* In what follows tables are indexed by constants: pointers into them would make the formulas a hundred times as large. */
static bool has(uint32_t p, enum handle_type type, uint32_t index)
{
	bool found = false;

	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
		found = found || (processes[p].handle[i].type == type && processes[p].handle[i].index == index);
	return found;
}

static bool holds(const struct process *process, enum handle_type type, uint32_t index)
{
	return process == &processes[0] ? has(0, type, index) : process == &processes[1] && has(1, type, index);
}

static bool is_running(const struct process *process)
{
	return process == &processes[0] ? processes[0].state == PROCESS_RUNNING :
					  process == &processes[1] && processes[1].state == PROCESS_RUNNING;
}

static uint32_t count_handles(enum handle_type type, uint32_t index)
{
	uint32_t count = 0;

	for (uint32_t p = 0; p < PROCESS_MAX; p++) {
		for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
			count += processes[p].handle[i].type == type && processes[p].handle[i].index == index;
	}
	return count;
}

static bool channels_agree(void)
{
	bool good = true;

	for (uint32_t i = 0; i < CHANNEL_MAX; i++)
		good = good && channels[i].servers == count_handles(HANDLE_SERVER, i) &&
		       channels[i].clients == count_handles(HANDLE_CLIENT, i) + door_clients[i];
	return good;
}

static bool process_agrees(uint32_t p)
{
	const struct process *process = &processes[p], *other = &processes[1 - p];
	bool good = true;

	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++) {
		good = good && (process->state == PROCESS_RUNNING || process->handle[i].type == HANDLE_NONE);
		good = good && IMPLIES(process->handle[i].type == HANDLE_PROCESS,
				       process->handle[i].index == 1 - p && other->parent == process && other->state != PROCESS_FREE);
	}
	if (process->state == PROCESS_FREE)
		return good;
	return good && (process->parent == NULL ? process->state == PROCESS_RUNNING :
						  process->parent == other && other->state == PROCESS_RUNNING &&
							  count_handles(HANDLE_PROCESS, p) == 1);
}

static uint32_t requests_of(const struct thread *thread)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < REQUEST_MAX; i++)
		count += requests[i].caller == thread;
	return count;
}

static bool thread_agrees(uint32_t t)
{
	const struct thread *thread = &threads[t];
	bool good = requests_of(thread) == (thread->state == THREAD_CALLING);

	if (thread->state == THREAD_FREE)
		return good && thread->process == NULL && thread->taken == NULL;
	for (uint32_t i = 0; i < CHANNEL_MAX; i++)
		good = good && IMPLIES(thread->state == THREAD_RECEIVING && thread->channel == i,
				       channels[i].clients != 0 && holds(thread->process, HANDLE_SERVER, i));
	for (uint32_t i = 0; i < REQUEST_MAX; i++)
		good = good && IMPLIES(thread->taken == &requests[i], requests[i].state == REQUEST_TAKEN &&
				       holds(thread->process, HANDLE_SERVER, requests[i].channel));
	return good && is_running(thread->process) &&
	       IMPLIES(thread->state == THREAD_RECEIVING, thread->taken == NULL && thread->channel < CHANNEL_MAX);
}

static uint32_t takers(const struct request *request)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < THREAD_MAX; i++)
		count += threads[i].taken == request;
	return count;
}

static bool request_agrees(uint32_t r)
{
	const struct request *request = &requests[r];
	bool good = takers(request) == (request->state == REQUEST_TAKEN), queued = request->state == REQUEST_QUEUED;

	if (request->state == REQUEST_FREE)
		return good && request->caller == NULL && !request->abandoned && request->pages == 0;
	for (uint32_t i = 0; i < CHANNEL_MAX; i++)
		good = good && IMPLIES(queued && request->channel == i, channels[i].servers != 0);
	for (uint32_t i = 0; i < THREAD_MAX; i++)
		good = good && IMPLIES(request->caller == &threads[i], threads[i].state == THREAD_CALLING);
	/* What is done or has failed is the monitor's to fetch. */
	return good && request->channel < CHANNEL_MAX && request->pages <= SERVICE_MESSAGE_PAGES_MAX &&
	       request->size <= SERVICE_MESSAGE_MAX && IMPLIES(request->abandoned, request->state == REQUEST_TAKEN && request->caller == NULL) &&
	       (queued || request->state == REQUEST_TAKEN || request->caller == NULL) &&
	       IMPLIES(request->state == REQUEST_TAKEN, request->pages == 0);
}

/* How often the witness is a page of a request: once, or not at all when somebody else has it. */
static bool pages_agree(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < REQUEST_MAX; i++) {
		for (uint32_t j = 0; j < SERVICE_MESSAGE_PAGES_MAX; j++)
			count += j < requests[i].pages && requests[i].page[j].v == witness.v;
	}
	return count == (place == PLACE_MONITOR);
}

static bool processes_agree(void)
{
	return process_agrees(0) && process_agrees(1);
}

static bool threads_agree(void)
{
	return thread_agrees(0) && thread_agrees(1) && thread_agrees(2);
}

static bool requests_agree(void)
{
	return request_agrees(0) && request_agrees(1) && request_agrees(2);
}

static struct process *any_process(void) { return any_bool() ? &processes[0] : &processes[1]; }
static struct thread *any_thread(void) { return any_bool() ? &threads[0] : any_bool() ? &threads[1] : &threads[2]; }
static struct request *any_request(void) { return any_bool() ? &requests[0] : any_bool() ? &requests[1] : &requests[2]; }

/* What an operation is about: entries with others before and behind them. */
#define the_process (&processes[0])
#define the_thread (&threads[1])
#define the_request (&requests[1])

static void any_tables_of_pages(void)
{
	witness = pa(any_u64() & ~PAGE_MASK);
	place = any_u8() & 3;
	holder = any_bool() ? &processes[0].space : &processes[1].space;
	holder_address = any_u64() & ~PAGE_MASK;
	old_holder = found_space = written_space = NULL;
	zeroed = pa(1);
	ASSUME(witness.v != CONTEXT_FRAME);
}

static const struct handle *closing; /* what is to be closed: the second handle of the process */

static void any_tables(void)
{
	any_tables_of_pages();
	__CPROVER_havoc_object(processes);
	__CPROVER_havoc_object(threads);
	__CPROVER_havoc_object(requests);
	__CPROVER_havoc_object(channels);
	__CPROVER_havoc_object(door_clients);
	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		processes[i].parent = any_bool() ? NULL : any_process();
		processes[i].state = (enum process_state)(any_u8() % 3u);
		ASSUME(processes[i].space.own_pages <= 1u << 20 && processes[i].limit_pages <= 1u << 20);
		for (uint32_t j = 0; j < SERVICE_HANDLES_MAX; j++)
			processes[i].handle[j] = (struct handle){ (enum handle_type)(any_u8() & 7u), any_u8() & 1u };
	}
	if (closing != NULL)
		the_process->handle[1] = *closing;
	for (uint32_t i = 0; i < THREAD_MAX; i++) {
		threads[i].state = (enum thread_state)(any_u8() % 5u);
		threads[i].process = threads[i].state == THREAD_FREE ? NULL : &threads[i] == the_thread ? the_process : any_process();
		threads[i].context = i == 0 ? &context_0 : i == 1 ? &context_1 : &context_2;
		threads[i].taken = any_bool() ? NULL : &threads[i] == the_thread ? the_request : any_request();
	}
	for (uint32_t i = 0; i < REQUEST_MAX; i++) {
		requests[i].caller = any_bool() ? NULL : &requests[i] == the_request ? &threads[0] : any_thread();
		requests[i].abandoned = any_bool();
		requests[i].state = (enum request_state)(any_u8() % 5u);
	}
	ASSUME(door_clients[0] <= 8 && door_clients[1] <= 8);
	last_number = any_u32();
	ASSUME(processes_agree() && channels_agree() && threads_agree() && requests_agree() && pages_agree());
}

/* Callers that waited for an answer, to what request, and what has become of them. */
static bool waited[THREAD_MAX][REQUEST_MAX];

static void remember_callers(void)
{
	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		for (uint32_t r = 0; r < REQUEST_MAX; r++)
			waited[t][r] = requests[r].caller == &threads[t];
	}
}

static bool waits_on(uint32_t t, uint32_t r)
{
	return threads[t].state == THREAD_CALLING && requests[r].caller == &threads[t] &&
	       (requests[r].state == REQUEST_QUEUED || requests[r].state == REQUEST_TAKEN);
}

static uint64_t bits(int64_t value)
{
	const union { int64_t value; uint64_t bits; } same = { .value = value };

	return same.bits;
}

static bool has_result(uint32_t t, int64_t result)
{
	const struct user_context *context = t == 0 ? &context_0 : t == 1 ? &context_1 : &context_2;

	return threads[t].state == THREAD_READY && context->frame.rax == bits(result);
}

/* All callers wait on, but the one of this request, which has learned that it gets no answer. */
static bool others_wait(const struct request *failed)
{
	bool good = true;

	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		for (uint32_t r = 0; r < REQUEST_MAX; r++)
			good = good && IMPLIES(waited[t][r], waits_on(t, r) || (failed == &requests[r] && has_result(t, ERR_STATE)));
	}
	return good;
}

static void finish(void)
{
	PROVE(processes_agree(), "processes, their handles and their parents agree");
	PROVE(channels_agree(), "every end is counted once");
	PROVE(threads_agree(), "who receives or has taken a request holds the server's end; who calls has one request");
	PROVE(requests_agree(), "a free request names nobody; a taken one has one taker; a queued one has a server");
	PROVE(pages_agree(), "every page is in one place");
}

/* ---- what prove_complete(), prove_deliver() and prove_abandon() show, by constant indexes ---- */

static uint32_t told[THREAD_MAX]; /* how often: 0, 1, more */

void stub_set_result(struct thread *thread, int result)
{
	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		struct user_context *context = t == 0 ? &context_0 : t == 1 ? &context_1 : &context_2;

		if (thread != &threads[t])
			continue;
		context->frame.rax = bits(result);
		threads[t].state = THREAD_READY;
		told[t] = told[t] == 0 ? 1 : 2;
	}
}

static uint32_t freed[REQUEST_MAX]; /* how often: 0, 1, more */

static void free_request(uint32_t r)
{
	freed[r] = freed[r] == 0 ? 1 : 2;
	if (in_request(&requests[r])) {
		PROVE(place == PLACE_MONITOR, "nobody has the page that is freed");
		place = PLACE_FREE;
	}
	requests[r] = (struct request){ .pages = 0 };
}

void stub_request_free(struct request *request)
{
	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		if (request == &requests[r])
			free_request(r);
	}
}

static int hand_over(struct thread *thread, struct request *request)
{
	if (any_bool())
		return any_bool() ? ERR_ADDRESS : ERR_NO_MEMORY;
	if (in_request(request)) {
		place = PLACE_SPACE;
		holder = thread->process == &processes[0] ? &processes[0].space : &processes[1].space;
	}
	request->pages = 0;
	return 0;
}

void stub_complete(struct request *request, bool failed)
{
	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		if (request != &requests[r])
			continue;
		for (uint32_t t = 0; t < THREAD_MAX; t++) {
			if (requests[r].caller == &threads[t])
				stub_set_result(&threads[t], failed ? ERR_STATE : hand_over(&threads[t], &requests[r]));
		}
		if (requests[r].abandoned || requests[r].caller != NULL)
			free_request(r);
		else
			requests[r].state = failed ? REQUEST_FAILED : REQUEST_DONE;
	}
}

bool stub_deliver(struct request *request, struct thread *thread)
{
	bool done = false;

	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		for (uint32_t t = 0; t < THREAD_MAX; t++) {
			if (request != &requests[r] || thread != &threads[t])
				continue;
			int error = hand_over(&threads[t], &requests[r]);

			stub_set_result(&threads[t], error);
			done = error == 0;
			if (done) {
				requests[r].state = REQUEST_TAKEN;
				threads[t].taken = &requests[r];
			}
		}
	}
	return done;
}

/* ---- operations ---- */

void prove_complete(void)
{
	bool failed = any_bool();

	any_tables();
	ASSUME(the_request->state == REQUEST_QUEUED || the_request->state == REQUEST_TAKEN);
	struct thread *caller = the_request->caller;
	bool abandoned = the_request->abandoned, inside = in_request(the_request);
	uint64_t number = the_request->number;
	const enum request_state others[] = { requests[0].state, requests[2].state };
	const enum thread_state state[] = { threads[0].state, threads[1].state, threads[2].state };

	complete(the_request, failed);
	PROVE(requests[0].state == others[0] && requests[2].state == others[1] && IMPLIES(caller == NULL, threads[0].state == state[0]) &&
	      threads[1].state == state[1] && threads[2].state == state[2], "no other request or thread changes");
	PROVE(the_request->number == number || the_request->number == 0, "nor its number, but when it is free");
	PROVE(caller == NULL && !abandoned ? the_request->state == (failed ? REQUEST_FAILED : REQUEST_DONE) :
					     the_request->state == REQUEST_FREE && the_request->caller == NULL && !the_request->abandoned,
	      "the monitor fetches it, or it is free");
	PROVE(IMPLIES(caller != NULL, threads[0].state == THREAD_READY && IMPLIES(failed, has_result(0, ERR_STATE))), "its caller runs on");
	PROVE(pages_agree(), "every page is in one place");
	PROVE(IMPLIES(inside && caller != NULL && place == PLACE_SPACE, holder == &threads[0].process->space && has_result(0, 0)),
	      "its pages are its caller's, or free");
	if (inside && place == PLACE_SPACE)
		CANARY("a page reached the caller");
	if (inside && place == PLACE_FREE)
		CANARY("a page is free");
}

void prove_deliver(void)
{
	any_tables();
	ASSUME(the_request->state == REQUEST_QUEUED && the_thread->state != THREAD_FREE && the_thread->taken == NULL);
	bool inside = in_request(the_request), done = deliver(the_request, the_thread);

	PROVE(the_thread->state == THREAD_READY && has_result(1, 0) == done, "the thread runs on, and knows");
	PROVE(done ? the_thread->taken == the_request && the_request->state == REQUEST_TAKEN && the_request->pages == 0 :
		     the_thread->taken == NULL && the_request->state == REQUEST_QUEUED, "the request is taken whole or waits on");
	PROVE(IMPLIES(inside, done ? place == PLACE_SPACE && holder == &the_process->space : in_request(the_request) && place == PLACE_MONITOR),
	      "its pages go with it");
	if (inside && done)
		CANARY("taken");
	if (!done)
		CANARY("refused");
}

void prove_receive(void)
{
	uint32_t channel = any_u32();

	any_tables();
	remember_callers();
	ASSUME(the_thread->state == THREAD_READY && channel < CHANNEL_MAX && holds(the_process, HANDLE_SERVER, channel));
	struct request *left = the_thread->taken;
	uint64_t oldest = UINT64_MAX;

	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		if (requests[r].state == REQUEST_QUEUED && requests[r].channel == channel && requests[r].number < oldest)
			oldest = requests[r].number;
	}
	int error = channel_receive(the_thread, channel, va(any_u64()));

	finish();
	PROVE(left == NULL ? others_wait(&requests[REQUEST_MAX]) : others_wait(left),
	      "a caller waits on, or learns that it gets no answer");
	for (uint32_t r = 0; r < REQUEST_MAX; r++)
		PROVE(IMPLIES(the_thread->taken == &requests[r], requests[r].channel == channel && requests[r].number == oldest), "requests are taken in the order of their arrival");
	PROVE(IMPLIES(error != 0, the_thread->state == THREAD_READY && the_thread->taken == NULL), "a refusal takes nothing");
	if (the_thread->taken != NULL && left != NULL)
		CANARY("the next one is taken");
	if (the_thread->state == THREAD_RECEIVING)
		CANARY("it waits");
}

void prove_reply(void)
{
	uint32_t channel = any_u32();

	any_tables();
	remember_callers();
	ASSUME(the_thread->state == THREAD_READY && channel < CHANNEL_MAX);
	struct request *taken = the_thread->taken;
	bool mine = taken != NULL && the_request->channel == channel, abandoned = mine && the_request->abandoned;
	int error = channel_reply(the_thread, channel, va(any_u64()));

	finish();
	PROVE(IMPLIES(!mine, error == ERR_STATE && the_thread->taken == taken), "only what was taken from this channel is answered");
	PROVE(IMPLIES(abandoned, error == ERR_STATE && the_thread->taken == NULL && the_request->state == REQUEST_FREE),
	      "an answer that nobody waits for is none, and the request is free");
	PROVE(IMPLIES(mine && !abandoned, the_thread->taken == (error == 0 ? NULL : taken)), "answered once; a bad message may be followed by a good one");
	if (error == 0 && waited[0][1]) {
		PROVE(threads[0].state == THREAD_READY, "its caller runs on");
		waited[0][1] = false;
		CANARY("a caller has its answer");
	}
	PROVE(others_wait(&requests[REQUEST_MAX]), "all other callers wait on");
	if (error == 0 && the_request->state == REQUEST_DONE)
		CANARY("the monitor may fetch it");
	if (abandoned)
		CANARY("abandoned");
}

void prove_thread_ends(void)
{
	any_tables();
	remember_callers();
	ASSUME(the_thread->state != THREAD_FREE && the_process->threads != 0);
	struct request *taken = the_thread->taken;

	thread_end(the_thread);
	finish();
	PROVE(the_thread->state == THREAD_FREE && the_thread->process == NULL && the_thread->taken == NULL, "a free thread names nothing");
	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		PROVE(IMPLIES(waited[1][r], requests[r].state == REQUEST_FREE || requests[r].abandoned), "its own request is dropped");
		waited[1][r] = false;
	}
	PROVE(taken == NULL ? others_wait(&requests[REQUEST_MAX]) : others_wait(taken), "a caller waits on, or learns that it gets no answer");
	if (taken != NULL && waited[0][1] && has_result(0, ERR_STATE))
		CANARY("its caller learns of it");
	if (requests[0].abandoned)
		CANARY("its request is abandoned");
}

/* The first channel stands for both. A process that holds two handles of one end is left out. */
static void close(enum handle_type type)
{
	const struct handle handle = { type, type == HANDLE_PROCESS ? 1 : 0 };

	closing = &handle;
	any_tables();
	remember_callers();
	ASSUME(the_process->state == PROCESS_RUNNING);
	ASSUME(the_process->handle[0].type != type || the_process->handle[0].index != handle.index);
	handle_close(the_process, 1);
	finish();
	PROVE(the_process->handle[1].type == HANDLE_NONE, "the number names nothing any more");
	PROVE(others_wait(&requests[REQUEST_MAX]), "all callers wait on");
}

void prove_close_client(void)
{
	close(HANDLE_CLIENT);
	PROVE(IMPLIES(channels[0].clients == 0, threads[2].state != THREAD_RECEIVING || threads[2].channel != 0), "nobody receives where nobody calls");
	if (channels[0].clients == 0)
		CANARY("the last client");
}

void prove_close_process(void)
{
	close(HANDLE_PROCESS);
	PROVE(processes[1].state != PROCESS_ENDED && processes[1].parent == NULL, "it runs on alone, or its place is free");
	if (processes[1].state == PROCESS_FREE)
		CANARY("a process that has ended is forgotten");
}

void stub_thread_end(struct thread *thread)
{
	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		if (thread == &threads[t])
			threads[t] = (struct thread){ .state = THREAD_FREE };
	}
}

void stub_handle_close(struct process *process, uint32_t number)
{
	PROVE(process == the_process && number < SERVICE_HANDLES_MAX, "its own handles");
	the_process->handle[number & 1].type = HANDLE_NONE;
}

void prove_end(void)
{
	any_tables();
	ASSUME(the_process->state == PROCESS_RUNNING);
	bool mine = place == PLACE_SPACE && holder == &the_process->space;
	struct process *parent = the_process->parent;
	bool child = processes[1].parent == the_process && processes[1].state != PROCESS_FREE;
	bool other = threads[2].state != THREAD_FREE && threads[2].process == &processes[1], waits = threads[2].state == THREAD_WAITING;

	process_end(the_process, any_u32(), 0);
	PROVE(processes_agree(), "processes, their handles and their parents agree");
	for (uint32_t i = 0; i < THREAD_MAX; i++)
		PROVE(threads[i].process != the_process, "no thread of it is left");
	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
		PROVE(the_process->handle[i].type == HANDLE_NONE, "no handle of it is left");
	PROVE(IMPLIES(child, processes[1].parent == NULL && processes[1].state != PROCESS_ENDED), "nobody waits for its children any more");
	PROVE(the_process->state == (parent == NULL ? PROCESS_FREE : PROCESS_ENDED), "its parent learns of it");
	PROVE(IMPLIES(other, threads[2].state == (waits && parent == &processes[1] ? THREAD_READY : waits ? THREAD_WAITING : threads[2].state) &&
		      threads[2].process == &processes[1]), "a parent that waits runs on; nobody else does");
	PROVE(IMPLIES(mine, place == PLACE_FREE), "its pages are free");
	if (other && waits && parent == &processes[1])
		CANARY("its parent waited");
	if (child)
		CANARY("it had a child");
}

void prove_create(void)
{
	uint32_t channel = any_u32();
	bool was_free[REQUEST_MAX], any_free = false;

	any_tables();
	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		was_free[r] = requests[r].state == REQUEST_FREE;
		any_free = any_free || was_free[r];
		ASSUME(requests[r].number <= last_number);
	}
	struct request *request = request_create(channel, the_thread);

	PROVE((request != NULL) == any_free, "a request, or all are in use");
	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		PROVE(request_by_index(r) == &requests[r], "requests have indexes");
		PROVE(IMPLIES(request == &requests[r], was_free[r] && requests[r].state == REQUEST_QUEUED && requests[r].channel == channel &&
			      requests[r].caller == the_thread && !requests[r].abandoned && requests[r].pages == 0 && requests[r].size == 0),
		      "a free one becomes a request of this thread to this channel, without content");
		PROVE(IMPLIES(request == &requests[r], requests[r].number == last_number), "it has the last number");
		PROVE(requests[r].number <= last_number, "nor is any number above the last one afterwards");
		PROVE(IMPLIES(request != NULL && request != &requests[r], requests[r].number < last_number), "it is the newest");
		PROVE(IMPLIES(request != &requests[r], (requests[r].state == REQUEST_FREE) == was_free[r]), "no other changes");
	}
	if (request == &requests[2])
		CANARY("the last one");
	if (request == NULL)
		CANARY("too many");
}

void prove_send(void)
{
	bool there[THREAD_MAX];
	enum thread_state state[THREAD_MAX];

	any_tables();
	remember_callers();
	ASSUME(the_request->state == REQUEST_QUEUED);
	bool inside = in_request(the_request);

	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		state[t] = threads[t].state;
		there[t] = state[t] == THREAD_RECEIVING && threads[t].channel == the_request->channel;
	}
	request_send(the_request);
	finish();
	PROVE(others_wait(&requests[REQUEST_MAX]), "all callers wait on");
	PROVE(the_request->state == REQUEST_QUEUED || the_request->state == REQUEST_TAKEN, "it waits, or is taken");
	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		PROVE(IMPLIES(threads[t].taken == the_request, there[t] && has_result(t, 0)), "only a thread that receives there takes it, and knows");
		PROVE(IMPLIES(!there[t], threads[t].state == state[t]), "no other thread learns of it");
		PROVE(IMPLIES(there[t] && the_request->state == REQUEST_QUEUED, threads[t].state == THREAD_READY && !has_result(t, 0)),
		      "it waits only when nobody that receives can take it");
	}
	if (the_request->state == REQUEST_TAKEN && inside)
		CANARY("taken with a page");
	if (there[1] && threads[2].taken == the_request)
		CANARY("the second one takes it");
	if (there[2] && the_request->state == REQUEST_QUEUED)
		CANARY("nobody could");
}

/* What prove_create() shows; the request in the middle stands for all. */
struct request *stub_request_create(uint32_t channel, struct thread *caller)
{
	if (the_request->state != REQUEST_FREE)
		return NULL;
	*the_request = (struct request){ .state = REQUEST_QUEUED, .channel = channel, .caller = caller, .number = any_u64() };
	return the_request;
}

/* What prove_send() shows: those who receive there try in turn, until one has taken it. */
void stub_request_send(struct request *request)
{
	PROVE(request == the_request && the_request->state == REQUEST_QUEUED, "what is sent is queued");
	PROVE(threads_agree() && requests_agree() && pages_agree(), "the tables agree when a request is sent");
	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		if (the_request->state != REQUEST_QUEUED || threads[t].state != THREAD_RECEIVING || threads[t].channel != the_request->channel)
			continue;
		int error = hand_over(&threads[t], the_request);

		stub_set_result(&threads[t], error);
		if (error == 0) {
			the_request->state = REQUEST_TAKEN;
			threads[t].taken = the_request;
		}
	}
}

void prove_call(void)
{
	uint32_t channel = any_u32();

	any_tables();
	remember_callers();
	ASSUME(the_thread->state == THREAD_READY && channel < CHANNEL_MAX);
	bool is_free = the_request->state == REQUEST_FREE;
	uint32_t servers = channels[channel & 1].servers;
	enum place before = place;
	struct request *taken = the_thread->taken;
	int error = channel_call(the_thread, channel, va(any_u64()));

	finish();
	PROVE(others_wait(&requests[REQUEST_MAX]), "all other callers wait on");
	PROVE(IMPLIES(servers == 0, error == ERR_STATE), "who calls where nobody serves does not wait");
	PROVE(IMPLIES(servers != 0 && !is_free, error == ERR_BUSY), "too many requests");
	PROVE(the_thread->taken == taken, "what it has taken it still has to answer");
	if (error != 0) {
		PROVE(the_thread->state == THREAD_READY && requests_of(the_thread) == 0 && place == before, "a refused call leaves nothing behind");
		CANARY("refused");
		return;
	}
	PROVE(the_request->caller == the_thread && waits_on(1, 1) && the_request->channel == channel, "the caller waits for one request to this channel");
	if (the_request->state == REQUEST_TAKEN)
		CANARY("taken at once");
	if (the_request->state == REQUEST_QUEUED && before == PLACE_SPACE && place == PLACE_MONITOR)
		CANARY("it waits with a page");
}

/* ---- the closing of a server end: threads leave, then the end goes ---- */

static bool counted(uint32_t more)
{
	return channels[0].servers == count_handles(HANDLE_SERVER, 0) + more && channels[1].servers == count_handles(HANDLE_SERVER, 1) &&
	       channels[0].clients == count_handles(HANDLE_CLIENT, 0) + door_clients[0] &&
	       channels[1].clients == count_handles(HANDLE_CLIENT, 1) + door_clients[1];
}

void prove_leave(void)
{
	const struct handle handle = { HANDLE_SERVER, 0 };
	bool left[REQUEST_MAX] = { false };

	closing = &handle;
	any_tables();
	remember_callers();
	ASSUME(the_process->state == PROCESS_RUNNING);
	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		for (uint32_t t = 0; t < THREAD_MAX; t++)
			left[r] = left[r] || (threads[t].state != THREAD_FREE && threads[t].process == the_process && threads[t].taken == &requests[r] &&
					      requests[r].channel == 0);
	}
	the_process->handle[1] = (struct handle){ HANDLE_NONE, 0 };
	channel_leave(the_process, 0);
	PROVE(processes_agree() && counted(1), "processes and ends are as they were, but for the handle");
	PROVE(threads_agree(), "who receives or has taken a request holds the server's end; who calls has one request");
	PROVE(requests_agree(), "a free request names nobody; a taken one has one taker; a queued one has a server");
	PROVE(pages_agree(), "every page is in one place");
	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		PROVE(IMPLIES(threads[t].process == the_process, threads[t].state != THREAD_RECEIVING || threads[t].channel != 0), "its threads no longer receive there");
		for (uint32_t r = 0; r < REQUEST_MAX; r++)
			PROVE(IMPLIES(waited[t][r], left[r] ? has_result(t, ERR_STATE) || (threads[t].process == the_process && threads[t].state == THREAD_READY) :
						    waits_on(t, r)), "who waited for it learns that there is no answer; all others wait on");
	}
	if (left[1] && waited[0][1])
		CANARY("a caller learns of it");
	if (left[0] && left[1])
		CANARY("two requests");
}

static uint32_t closed; /* 1: threads left, 2: the end is gone */

void stub_channel_leave(const struct process *process, uint32_t index)
{
	PROVE(closed == 0 && process == the_process && index == 0 && the_process->handle[1].type == HANDLE_NONE,
	      "first the number names nothing, then the process's threads leave");
	closed = 1;
}

void stub_channel_release(struct handle end)
{
	PROVE(closed == 1 && end.type == HANDLE_SERVER && end.index == 0, "then the end goes");
	closed = 2;
}

void prove_close_server(void)
{
	const struct handle handle = { HANDLE_SERVER, 0 };

	closing = &handle;
	any_tables();
	closed = 0;
	struct handle other = the_process->handle[0];

	handle_close(the_process, 1);
	PROVE(closed == 2, "the threads have left and the end is gone");
	PROVE(the_process->handle[0].type == other.type && the_process->handle[0].index == other.index && processes_agree(),
	      "no other handle changes");
	CANARY("closed");
}

/* Requests and their callers, as they agree; of the channels only that both have servers, so that requests may be queued. */
static void any_queue(void)
{
	__CPROVER_havoc_object(requests);
	channels[0].servers = channels[1].servers = 1;
	last_number = any_u32();
	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		threads[t] = (struct thread){ .state = (enum thread_state)(any_u8() % 5u), .process = &processes[0] };
		threads[t].context = t == 0 ? &context_0 : t == 1 ? &context_1 : &context_2;
		threads[t].taken = any_bool() ? NULL : any_request();
		told[t] = 0;
	}
	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		requests[r].caller = any_bool() ? NULL : any_thread();
		requests[r].abandoned = any_bool();
		requests[r].state = (enum request_state)(any_u8() % 5u);
		for (uint32_t i = 0; i < SERVICE_MESSAGE_PAGES_MAX; i++)
			requests[r].page[i] = pa(any_u64() & ~PAGE_MASK);
		freed[r] = 0;
	}
	ASSUME(requests_agree());
	for (uint32_t t = 0; t < THREAD_MAX; t++)
		ASSUME(requests_of(&threads[t]) == (threads[t].state == THREAD_CALLING));
	/* What becomes of pages is said by how often a request is freed: the witness is none. */
	witness = pa(1);
	place = PLACE_ELSEWHERE;
}

/* What is queued at the channel, in whatever order: prove_first_queued() shows that it is the oldest. */
struct request *stub_first_queued(uint32_t channel)
{
	bool queued[REQUEST_MAX];
	uint32_t which = any_u8() % REQUEST_MAX;

	for (uint32_t r = 0; r < REQUEST_MAX; r++)
		queued[r] = requests[r].state == REQUEST_QUEUED && requests[r].channel == channel;
	if (!queued[0] && !queued[1] && !queued[2])
		return NULL;
	ASSUME(queued[which]);
	return which == 0 ? &requests[0] : which == 1 ? &requests[1] : &requests[2];
}

void prove_first_queued(void)
{
	uint32_t channel = any_u32(), which = any_u8() % REQUEST_MAX;

	__CPROVER_havoc_object(requests);
	for (uint32_t r = 0; r < REQUEST_MAX; r++)
		requests[r].state = (enum request_state)(any_u8() % 5u);
	const struct request *first = first_queued(channel), *other = &requests[which];
	bool queued = other->state == REQUEST_QUEUED && other->channel == channel;

	PROVE(first == NULL || first == &requests[0] || first == &requests[1] || first == &requests[2], "it is a request");
	PROVE(IMPLIES(first == other, queued), "that is queued at the channel");
	PROVE(IMPLIES(queued, first != NULL && first->number <= other->number), "the oldest of them, when there is one");
	if (first == NULL)
		CANARY("none");
	if (first == &requests[2] && queued && which == 1)
		CANARY("the last one");
}

void prove_fail_queued(void)
{
	uint32_t channel = any_u8() & 1u;
	bool fails[REQUEST_MAX];
	enum thread_state state[THREAD_MAX];

	any_queue();
	remember_callers();
	const struct request before[REQUEST_MAX] = { requests[0], requests[1], requests[2] };

	for (uint32_t r = 0; r < REQUEST_MAX; r++)
		fails[r] = requests[r].state == REQUEST_QUEUED && requests[r].channel == channel;
	for (uint32_t t = 0; t < THREAD_MAX; t++)
		state[t] = threads[t].state;
	fail_queued(channel);
	for (uint32_t r = 0; r < REQUEST_MAX; r++) {
		const struct request *now = &requests[r], *was = &before[r];
		bool waits = was->caller != NULL;

		PROVE(freed[r] == (fails[r] && waits), "a thread's request that was queued there is freed once, with its pages, and no other");
		PROVE(IMPLIES(fails[r] && waits, now->state == REQUEST_FREE), "it is free");
		PROVE(IMPLIES(!waits, now->state == (fails[r] ? REQUEST_FAILED : was->state)), "the monitor's own has failed, and is the monitor's to fetch");
		PROVE(IMPLIES(!(fails[r] && waits), IMPLIES(!fails[r], now->state == was->state) && now->channel == was->channel && now->caller == was->caller &&
			      now->number == was->number && now->abandoned == was->abandoned && now->pages == was->pages && now->size == was->size &&
			      now->page[0].v == was->page[0].v && now->page[1].v == was->page[1].v), "all others are as they were, with their pages");
	}
	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		bool hit = (fails[0] && waited[t][0]) || (fails[1] && waited[t][1]) || (fails[2] && waited[t][2]);

		PROVE(hit ? told[t] == 1 && has_result(t, ERR_STATE) : told[t] == 0 && threads[t].state == state[t],
		      "a caller learns once that there is no answer, and runs on; no other thread learns of it");
	}
	if (fails[0] && fails[1] && fails[2] && told[1] == 1)
		CANARY("three requests fail");
	if (fails[0] && !fails[1] && fails[2])
		CANARY("two of them");
}

static uint32_t failed_queues, failed_receivers, failed_channel;
static bool with_tables; /* what prove_fail_queued() shows is done */

void stub_fail_queued(uint32_t channel)
{
	failed_queues++;
	failed_channel = channel;
	for (uint32_t r = 0; with_tables && r < REQUEST_MAX; r++) {
		if (requests[r].state == REQUEST_QUEUED && requests[r].channel == channel)
			stub_complete(&requests[r], true);
	}
}

void stub_fail_receivers(uint32_t channel)
{
	failed_receivers++;
	failed_channel = channel;
}

void prove_release(void)
{
	struct handle end = { (enum handle_type)(any_u8() & 7u), any_u32() };
	uint32_t which = any_u8() & 1u;
	bool server = end.type == HANDLE_SERVER, client = end.type == HANDLE_CLIENT;

	__CPROVER_havoc_object(channels);
	const struct channel before[CHANNEL_MAX] = { channels[0], channels[1] };

	failed_queues = failed_receivers = 0;
	ASSUME(end.index < CHANNEL_MAX && IMPLIES(server, before[end.index].servers != 0) && IMPLIES(client, before[end.index].clients != 0));
	channel_release(end);
	PROVE(channels[which].servers == before[which].servers - (server && end.index == which), "one server's end less of this channel");
	PROVE(channels[which].clients == before[which].clients - (client && end.index == which), "or client's, and no other");
	PROVE(failed_queues == (server && before[end.index].servers == 1), "with the last server what is queued there fails, and only then");
	PROVE(failed_receivers == (client && before[end.index].clients == 1), "with the last client nobody receives there any more");
	PROVE(IMPLIES(failed_queues + failed_receivers != 0, failed_channel == end.index), "there and nowhere else");
	if (failed_queues == 1 && end.index == 1)
		CANARY("the last server");
	if (server && failed_queues == 0)
		CANARY("another server");
	if (failed_receivers == 1)
		CANARY("the last client");
}

/* What prove_leave() leaves behind: the handle is gone, and its end still counts. */
void prove_last_server(void)
{
	const struct handle handle = { HANDLE_SERVER, 0 };
	bool fails[REQUEST_MAX];

	closing = &handle;
	any_tables();
	the_process->handle[1] = (struct handle){ HANDLE_NONE, 0 };
	ASSUME(threads_agree());
	remember_callers();
	failed_queues = 0;
	with_tables = true;
	for (uint32_t r = 0; r < REQUEST_MAX; r++)
		fails[r] = requests[r].state == REQUEST_QUEUED && requests[r].channel == 0;
	channel_release(handle);
	finish();
	for (uint32_t t = 0; t < THREAD_MAX; t++) {
		for (uint32_t r = 0; r < REQUEST_MAX; r++)
			PROVE(IMPLIES(waited[t][r], fails[r] && channels[0].servers == 0 ? has_result(t, ERR_STATE) : waits_on(t, r)),
			      "with the last server its callers learn that there is no answer; all others wait on");
	}
	if (channels[0].servers == 0 && fails[0] && fails[1] && fails[2])
		CANARY("three requests fail");
	if (channels[0].servers != 0 && fails[0])
		CANARY("another server");
}

void prove_ends(void)
{
	uint32_t index, which = any_u8() & 1u;
	struct handle end = { any_u8() & 7u, any_u8() & 1u };

	any_tables();
	struct channel before[CHANNEL_MAX] = { channels[0], channels[1] };
	int error = channel_create(&index);

	if (error == 0) {
		PROVE(index < CHANNEL_MAX && channels[index & 1].servers == 0 && channels[index & 1].clients == 0, "a new channel has no ends");
		for (uint32_t r = 0; r < REQUEST_MAX; r++)
			PROVE(requests[r].state != REQUEST_QUEUED || requests[r].channel != index, "nothing is queued there");
		CANARY("a channel");
	} else {
		PROVE(error == ERR_NO_MEMORY && (channels[which].servers != 0 || channels[which].clients != 0), "all channels are in use");
		CANARY("too many");
	}
	PROVE(channel_has_server(which) == (before[which].servers != 0), "a channel has a server while an end is counted");
	channel_retain(end);
	PROVE(channels[which].servers == before[which].servers + (end.type == HANDLE_SERVER && end.index == which), "one more server's end of this channel");
	PROVE(channels[which].clients == before[which].clients + (end.type == HANDLE_CLIENT && end.index == which), "or client's, and no other");
}

void prove_abandon(void)
{
	struct request *request = the_request;

	any_tables();
	ASSUME(request->state != REQUEST_FREE && request->caller == NULL && !request->abandoned);
	bool taken = request->state == REQUEST_TAKEN, inside = in_request(request);

	request_abandon(request);
	finish();
	PROVE(taken ? request->abandoned && request->state == REQUEST_TAKEN : request->state == REQUEST_FREE,
	      "it is free, or will be when its server lets go of it");
	PROVE(IMPLIES(inside, place == PLACE_FREE), "its pages are free");
	if (inside)
		CANARY("with a page");
	if (taken)
		CANARY("its server still works");
}

void prove_handles(void)
{
	struct process *process = the_process;
	uint64_t number = any_u64();
	enum handle_type type = any_u8() % 7u + 1u;
	struct handle handle = { any_u8() % 6u + 1u, any_u8() & 1 };

	any_tables();
	ASSUME(process->state == PROCESS_RUNNING);
	const struct handle *found = handle_find(process, number, type);

	PROVE((found != NULL) == (number < SERVICE_HANDLES_MAX && process->handle[number & 1].type == type),
	      "a handle is found by its number when it is of that type");
	if (found != NULL) {
		PROVE(found == &process->handle[number], "it is the one of that number");
		CANARY("found");
	}
	struct handle before[SERVICE_HANDLES_MAX] = { process->handle[0], process->handle[1] };
	int result = handle_add(process, handle);

	finish();
	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++) {
		bool same = process->handle[i].type == before[i].type && process->handle[i].index == before[i].index;

		PROVE(result == (int)i ? before[i].type == HANDLE_NONE && process->handle[i].type == handle.type &&
					 process->handle[i].index == handle.index : same, "one free number is used, no other changes");
	}
	PROVE((result >= 0 && result < 2) || (result == ERR_NO_MEMORY && before[0].type != HANDLE_NONE && before[1].type != HANDLE_NONE),
	      "there is a number, or none is free");
	if (result == 1)
		CANARY("added");
}

/* ---- messages ---- */

static struct thread *any_owner(void)
{
	any_tables_of_pages();
	processes[0].space.own_pages = any_u64();
	processes[0].limit_pages = any_u64();
	ASSUME(processes[0].space.own_pages <= 1u << 20 && processes[0].limit_pages <= 1u << 20);
	threads[0] = (struct thread){ .state = THREAD_READY, .process = &processes[0], .context = &context_0 };
	threads[0].message = va(any_u64());
	return &threads[0];
}

void prove_send_pages(void)
{
	struct thread *thread = any_owner();
	struct request *request = &requests[0];

	ASSUME(place != PLACE_MONITOR);
	enum place before = place;
	bool mine = place == PLACE_SPACE && holder == &processes[0].space;
	uint64_t address = holder_address;
	int error = read_message(thread, va(any_u64()), request);

	PROVE((place == PLACE_MONITOR) == in_request(request), "the monitor has the pages that are in the request, no others");
	if (error != 0) {
		PROVE(request->pages == 0 && place == before && IMPLIES(mine, holder_address == address),
		      "a message that is not taken whole is not taken at all");
		CANARY("refused");
		return;
	}
	PROVE(request->pages <= SERVICE_MESSAGE_PAGES_MAX && request->size <= SERVICE_MESSAGE_MAX, "it is within the bounds");
	PROVE(!(request->pages == 2 && request->page[0].v == witness.v && request->page[1].v == witness.v), "no page comes twice");
	if (mine && place == PLACE_MONITOR)
		CANARY("a page left the sender");
}

void prove_receive_pages(void)
{
	struct thread *thread = any_owner();
	struct request *request = &requests[0];

	request->pages = any_u32();
	request->size = any_u32();
	request->page[0] = pa(any_u64() & ~PAGE_MASK);
	request->page[1] = pa(any_u64() & ~PAGE_MASK);
	ASSUME(request->pages <= SERVICE_MESSAGE_PAGES_MAX && request->size <= SERVICE_MESSAGE_MAX);
	ASSUME(!(request->pages == 2 && request->page[0].v == request->page[1].v));
	ASSUME((place == PLACE_MONITOR) == in_request(request));
	bool was_in = in_request(request);
	uint32_t pages = request->pages;
	uint64_t own = processes[0].space.own_pages;
	int error = write_message(thread, request);

	PROVE((place == PLACE_MONITOR) == in_request(request), "the monitor has the pages that are in the request, no others");
	PROVE(IMPLIES(!in_request(request) && was_in, place == PLACE_SPACE && holder == &processes[0].space), "what left the request is the receiver's");
	if (error != 0) {
		PROVE(request->pages == pages && in_request(request) == was_in, "a message that does not fit is not handed over in part");
		CANARY("refused");
		return;
	}
	PROVE(request->pages == 0 && processes[0].space.own_pages == own + pages, "all pages are the receiver's");
	PROVE(IMPLIES(pages != 0, own + pages <= processes[0].limit_pages + PROCESS_MESSAGE_PAGES), "they are within its limit");
	if (was_in)
		CANARY("a page reached the receiver");
}
