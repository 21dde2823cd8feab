/* SPDX-License-Identifier: MIT */
/*
 * System calls. What they do is replaced by a check that it is done to the caller, and with what it holds a handle for; it
 * may have any result that its header allows. Each proof takes a call (or a few that are alike) with any arguments, and any
 * table of handles. witness is one number of a handle that nobody chose.
 */
#include "proofs/prover.h"

#define KERNEL_X86_USER_H /* of a thread's registers only those that a system call sees */
#include "kernel/x86/traps.h"
struct user_context {
	struct trap_frame frame;
	uint64_t fs_base;
};
#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/proc/door.h"
#include "kernel/proc/entropy.h"
#include "kernel/proc/process.h"
#include "kernel/x86/paging.h"
#include "lib/string.h"
#define LIB_WIPE_H
static void wipe(void *memory, uint64_t size);

static struct process the_process, process_before;
static struct thread the_thread;
static struct user_context context, context_before;
static uint64_t argument[4];
static uint64_t witness;
static uint32_t acts; /* what was done and is not undone */

struct spinlock services_lock;
struct archive services_archive;
uint64_t services_archive_base;

/* Where errors are what their header says. */
static int any_error(int a, int b) { return any_bool() ? a : b; }

/* ---- handles, as proofs/channel shows them ---- */

static uint64_t asked_number;
static uint32_t asked, added, closed;
static enum handle_type asked_type;
static struct handle new_handle[2];
static int32_t new_number[2];
static uint32_t closed_number[2];

const struct handle *handle_find(const struct process *process, uint64_t at, enum handle_type type)
{
	PROVE(process == &the_process, "handles are the caller's own");
	if (asked == 0) {
		asked_number = at;
		asked_type = type;
	}
	asked++;
	return at < SERVICE_HANDLES_MAX && the_process.handle[at].type == type ? &the_process.handle[at] : NULL;
}

int handle_add(struct process *process, struct handle handle)
{
	uint32_t at = any_u8() % SERVICE_HANDLES_MAX;

	PROVE(process == &the_process && added < 2, "new handles are the caller's");
	if (the_process.handle[at].type != HANDLE_NONE)
		return ERR_NO_MEMORY;
	the_process.handle[at] = handle;
	new_handle[added & 1] = handle;
	new_number[added & 1] = (int32_t)at;
	added++;
	return (int)at;
}

void handle_close(struct process *process, uint32_t at)
{
	PROVE(process == &the_process && at < SERVICE_HANDLES_MAX && closed < 2, "handles are closed in the caller's own table");
	PROVE(the_process.handle[at % SERVICE_HANDLES_MAX].type != HANDLE_NONE, "there is something to close");
	the_process.handle[at % SERVICE_HANDLES_MAX].type = HANDLE_NONE;
	closed_number[closed & 1] = at;
	closed++;
}

/* ---- the caller's memory ---- */

static const uint8_t *written_from;
static uint64_t written[2], written_size, written_to, read_from[2];
static uint32_t reads, writes; /* that went well */

int space_read(const struct space *space, va_t address, void *out, uint64_t size)
{
	PROVE(space == &the_process.space, "memory is the caller's own");
	PROVE(__CPROVER_w_ok(out, size), "what is read has room"); /* and is anything: it was never set */
	if (any_bool())
		return ERR_ADDRESS;
	read_from[reads & 1] = address.v;
	reads++;
	return 0;
}

int space_write(const struct space *space, va_t address, const void *data, uint64_t size)
{
	PROVE(space == &the_process.space, "memory is the caller's own");
	PROVE(__CPROVER_r_ok(data, size), "what is written is the monitor's to give");
	written_from = data;
	written_size = size;
	written_to = address.v;
	if (size <= sizeof(written)) {
		written[0] = ((const uint64_t *)data)[0];
		if (size == sizeof(written))
			written[1] = ((const uint64_t *)data)[1];
	}
	if (any_bool())
		return ERR_ADDRESS;
	writes++;
	return 0;
}

/* ---- memory that comes and goes ---- */

#define FILE_PAGES 2u

static uint64_t run_start, run_pages;
static bool run_found, mapped[FILE_PAGES];
static uint64_t file_offset, file_size;

int space_find(const struct space *space, uint64_t pages, va_t *address)
{
	PROVE(space == &the_process.space, "memory is the caller's own");
	if (any_bool() || pages > (SPACE_END - SPACE_START) / PAGE_SIZE)
		return ERR_NO_MEMORY;
	run_start = any_u64() & ~PAGE_MASK;
	run_pages = pages;
	ASSUME(run_start >= SPACE_START && run_start < SPACE_END && pages <= (SPACE_END - run_start) / PAGE_SIZE);
	run_found = true;
	*address = va(run_start);
	return 0;
}

int space_map(struct space *space, va_t address, pa_t frame, enum space_access access, bool own, bool movable)
{
	uint64_t at = (address.v - run_start) / PAGE_SIZE;

	PROVE(space == &the_process.space && asked_type == HANDLE_ARCHIVE, "the archive is mapped for who holds it");
	PROVE(access == SPACE_READ && !own && !movable, "to read; it stays the archive's");
	PROVE(run_found && is_aligned(address.v, PAGE_SIZE) && address.v >= run_start && at < run_pages, "where there is room");
	PROVE(at < FILE_PAGES && at * PAGE_SIZE < file_size && frame.v == services_archive_base + file_offset + at * PAGE_SIZE,
	      "the file's page that belongs there, and no other file's");
	PROVE(!mapped[at % FILE_PAGES], "each once");
	if (any_bool())
		return any_error(ERR_NO_MEMORY, ERR_ADDRESS);
	mapped[at % FILE_PAGES] = true;
	return 0;
}

void space_unmap(struct space *space, va_t address)
{
	uint64_t at = (address.v - run_start) / PAGE_SIZE;

	PROVE(space == &the_process.space && is_aligned(address.v, PAGE_SIZE) && address.v >= run_start && at < FILE_PAGES &&
	      mapped[at % FILE_PAGES], "only what was mapped now is unmapped");
	mapped[at % FILE_PAGES] = false;
}

bool space_is_movable(const struct space *space, va_t address)
{
	PROVE(space == &the_process.space, "memory is the caller's own");
	return any_bool();
}

static uint64_t unmapped_from, unmapped_size;

void stub_unmap(struct process *process, uint64_t start, uint64_t size)
{
	PROVE(process == &the_process, "memory is the caller's own");
	unmapped_from = start;
	unmapped_size = size;
}

/* One page of the range that nobody chose; the frame of a page has its number. */
static uint64_t unmap_start, unmap_witness, unmap_taken, unmap_zeroed, unmap_freed;
static bool witness_there;
static uint8_t unmap_frames[4][1];

int space_take(struct space *space, va_t address, pa_t *frame)
{
	uint64_t number = (address.v - unmap_start) / PAGE_SIZE;

	PROVE(space == &the_process.space && (address.v & PAGE_MASK) == 0, "memory is the caller's own");
	if (number != unmap_witness) {
		*frame = pa(number);
		return any_bool() ? 0 : ERR_ADDRESS;
	}
	unmap_taken++;
	*frame = pa(witness_there ? number : any_u64()); /* not to be used when there is none */
	return witness_there ? 0 : ERR_ADDRESS;
}

void *paging_region_pointer(pa_t address)
{
	PROVE(address.v < 4, "a frame that was taken");
	return unmap_frames[address.v % 4];
}

void *memset(void *destination, int byte, size_t size)
{
	PROVE(byte == 0 && size == PAGE_SIZE, "a page is zeroed");
	if (destination == unmap_frames[unmap_witness])
		unmap_zeroed++;
	return destination;
}

void memory_free(pa_t start, uint64_t count)
{
	PROVE(count == 1 && start.v < 4, "a frame that was taken");
	if (start.v == unmap_witness) {
		PROVE(unmap_zeroed == 1, "what a process had there is gone before another gets it");
		unmap_freed++;
	}
}

void prove_unmap(void)
{
	uint64_t size = any_u8() % 4u * PAGE_SIZE;

	unmap_start = any_u64() & ~PAGE_MASK;
	ASSUME(unmap_start >= SPACE_START && unmap_start < SPACE_END && size <= SPACE_END - unmap_start);
	unmap_witness = any_u8() % 4u;
	witness_there = any_bool();
	unmap(&the_process, unmap_start, size);
	bool inside = unmap_witness * PAGE_SIZE < size;

	PROVE(unmap_taken == (inside ? 1 : 0), "each page of the range is taken, once, and no other");
	PROVE(unmap_freed == (inside && witness_there ? 1 : 0), "its frame is free again, when there was one");
	if (unmap_freed == 1)
		CANARY("freed");
	if (inside && !witness_there)
		CANARY("a hole");
}

int process_add_page(struct process *process, va_t address, enum space_access access, bool movable)
{
	PROVE(process == &the_process && access == SPACE_WRITE, "new memory is the caller's own, and holds no program");
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

/* ---- processes and threads ---- */

static struct process children[PROCESS_MAX];
static struct process *child;
static uint64_t thread_entry, thread_stack, thread_argument;
static int64_t exit_code;
static uint32_t threads_made, threads_ended, ended_itself, children_ended;
static bool environment_ends;

struct process *process_by_index(uint32_t index)
{
	PROVE(index < PROCESS_MAX, "a process");
	return &children[index % PROCESS_MAX];
}

uint32_t process_index(const struct process *process)
{
	PROVE(process == child, "the new process");
	return 5;
}

int process_create(const struct service_start *start, const char *environment, const struct handle *handles,
		   struct process *parent, struct process **out)
{
	uint32_t which = any_u8() % SERVICE_HANDLES_MAX;

	PROVE(asked_type == HANDLE_ARCHIVE && parent == &the_process, "who holds the archive starts processes, as their parent");
	PROVE(start->handle_count <= SERVICE_HANDLES_MAX && start->environment_size <= SERVICE_ENVIRONMENT_MAX, "within the bounds");
	PROVE(start->environment_size == 0 || environment[start->environment_size - 1] == 0, "the environment ends");
	PROVE(start->name[SERVICE_NAME_MAX - 1] == 0 && start->file[SERVICE_NAME_MAX - 1] == 0, "names end");
	PROVE(reads == 2 && read_from[0] == argument[1] && read_from[1] == start->environment, "as the caller's memory has them");
	if (which < start->handle_count) {
		int32_t number = start->handle[which];

		PROVE(number >= 0 && number < (int32_t)SERVICE_HANDLES_MAX, "numbers of handles");
		struct handle handle = the_process.handle[(uint32_t)number % SERVICE_HANDLES_MAX];

		PROVE(handles[which].type == handle.type && handles[which].index == handle.index, "what the caller holds is handed on");
		PROVE(handle.type != HANDLE_NONE && handle.type != HANDLE_PROCESS, "something, and no process");
		if (which == 1)
			CANARY("two handles");
	}
	if (any_bool())
		return any_error(any_error(ERR_NOT_FOUND, ERR_FORMAT), any_error(ERR_NO_MEMORY, ERR_INVALID));
	child = &children[5];
	*child = (struct process){ .state = PROCESS_RUNNING, .parent = parent };
	*out = child;
	return 0;
}

void process_end(struct process *process, uint32_t reason, int64_t code)
{
	PROVE(reason == SERVICE_EXIT_CODE, "it ends by a call");
	if (process == &the_process) {
		exit_code = code;
		ended_itself++;
		the_thread.state = THREAD_FREE;
		return;
	}
	PROVE(process == child && child != NULL && child->parent == NULL, "what has no handle ends, and keeps no place: nobody waits for it");
	children_ended++;
}

int thread_create(struct process *process, va_t entry, va_t stack, uint64_t value)
{
	PROVE(process == &the_process, "threads are the caller's own");
	PROVE(entry.v >= SPACE_START && entry.v < SPACE_END && stack.v >= SPACE_START && stack.v < SPACE_END, "they start in its half");
	thread_entry = entry.v;
	thread_stack = stack.v;
	thread_argument = value;
	if (any_bool())
		return ERR_NO_MEMORY;
	threads_made++;
	return 0;
}

void thread_end(struct thread *thread)
{
	PROVE(thread == &the_thread, "a thread ends itself");
	threads_ended++;
	the_thread.state = THREAD_FREE;
}

/* ---- channels and doors ---- */

static uint32_t new_channel, used_channel, published_protocol;
static uint64_t used_message;
static enum { NOTHING, A_CALL, A_RECEIVE, A_REPLY } used;
static int channel_result;
static struct handle published;

int channel_create(uint32_t *index)
{
	PROVE(the_process.handle[SERVICE_INIT_DOOR].type == HANDLE_DOOR, "channels are the first process's to make");
	if (any_bool())
		return ERR_NO_MEMORY;
	*index = new_channel = any_u8() % CHANNEL_MAX;
	return 0;
}

static int on_channel(const struct thread *thread, uint32_t channel, va_t message)
{
	PROVE(thread == &the_thread && used == NOTHING, "once, for the caller");
	used_channel = channel;
	used_message = message.v;
	acts++;
	channel_result = any_int();
	ASSUME(channel_result <= 0);
	return channel_result;
}

int channel_call(struct thread *thread, uint32_t channel, va_t message)
{
	int result = on_channel(thread, channel, message);

	used = A_CALL;
	return result;
}

int channel_receive(struct thread *thread, uint32_t channel, va_t message)
{
	int result = on_channel(thread, channel, message);

	used = A_RECEIVE;
	return result;
}

int channel_reply(struct thread *thread, uint32_t channel, va_t message)
{
	int result = on_channel(thread, channel, message);

	used = A_REPLY;
	return result;
}

int door_publish(uint32_t protocol, struct handle client)
{
	acts++;
	published_protocol = protocol;
	published = client;
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

/* ---- the archive, random bytes, the log, the clock ---- */

int archive_find(const struct archive *archive, const char *name, uint64_t *offset, uint64_t *size)
{
	PROVE(archive == &services_archive && asked_type == HANDLE_ARCHIVE, "who holds the archive finds files in it");
	PROVE(__CPROVER_r_ok(name, SERVICE_NAME_MAX) && name[SERVICE_NAME_MAX - 1] == 0, "the name ends");
	if (any_bool())
		return ERR_NOT_FOUND;
	*offset = file_offset;
	*size = file_size;
	return 0;
}

static const uint8_t *random_bytes;
static bool wiped;

int entropy_get(void *out, uint64_t size)
{
	PROVE(size != 0 && size <= SERVICE_RANDOM_MAX && __CPROVER_w_ok(out, size), "random bytes have room");
	if (any_bool())
		return ERR_FAULT; /* they are zero then */
	random_bytes = out;
	return 0;
}

/* Of random bytes all are wiped; nothing else is. */
static void wipe(void *memory, uint64_t size)
{
	PROVE(memory == random_bytes && size == SERVICE_RANDOM_MAX, "the whole buffer is zeroed");
	PROVE(written_from == random_bytes, "after the bytes were given");
	wiped = true;
}

static uint32_t lines;

static void checked_log(const char *name, const char *text)
{
	uint32_t at = any_u8();

	lines++;
	PROVE(name == the_process.name, "the line begins with the caller's name");
	PROVE(argument[2] != 0 && argument[2] <= SERVICE_LOG_MAX && text[argument[2]] == 0, "it ends");
	if (at < argument[2])
		PROVE(text[at] >= ' ' && text[at] <= '~', "it is text of one line");
}
#define log_line(format, name, text) checked_log(name, text)

uint64_t services_clock(void) { return any_u64(); }

/* ---- the dispatch: the calls themselves are replaced ---- */

#ifdef DISPATCH
static uint64_t called, rax_left;
static int64_t call_result;
static uint32_t calls;

static int64_t any_call(uint64_t number, struct thread *thread, const uint64_t given[4])
{
	PROVE(number == context_before.frame.rax && thread == &the_thread && calls == 0, "the call of that number, once");
	PROVE(given[0] == context_before.frame.rdi && given[1] == context_before.frame.rsi && given[2] == context_before.frame.rdx &&
	      given[3] == context_before.frame.r10, "its arguments are the caller's registers");
	calls++;
	called = number;
	the_thread.state = (enum thread_state)(any_u8() % 5u);
	if (any_bool())
		context.frame.rax = any_u64(); /* it handed a message over, or the thread is gone */
	rax_left = context.frame.rax;
	call_result = (int64_t)any_u64();
	return call_result;
}

#define REPLACED(name, number) \
	static int64_t name(struct thread *thread, const uint64_t given[4]) { return any_call(number, thread, given); }
REPLACED(call_exit, SYS_EXIT)
REPLACED(call_log, SYS_LOG)
REPLACED(call_clock, SYS_CLOCK)
REPLACED(call_random, SYS_RANDOM)
REPLACED(call_yield, SYS_YIELD)
REPLACED(call_memory_map, SYS_MEMORY_MAP)
REPLACED(call_memory_unmap, SYS_MEMORY_UNMAP)
REPLACED(call_set_tls, SYS_SET_TLS)
REPLACED(call_set_upcall, SYS_SET_UPCALL)
REPLACED(call_thread_create, SYS_THREAD_CREATE)
REPLACED(call_thread_exit, SYS_THREAD_EXIT)
REPLACED(call_handle_close, SYS_HANDLE_CLOSE)
REPLACED(call_call, SYS_CALL)
REPLACED(call_receive, SYS_RECEIVE)
REPLACED(call_reply, SYS_REPLY)
REPLACED(call_channel_create, SYS_CHANNEL_CREATE)
REPLACED(call_file_map, SYS_FILE_MAP)
REPLACED(call_process_start, SYS_PROCESS_START)
REPLACED(call_process_wait, SYS_PROCESS_WAIT)
REPLACED(call_publish, SYS_PUBLISH)
/* Their definitions get other names; the table, where no parenthesis follows, has the ones above. */
#define call_exit(a, b) other_exit(a, b)
#define call_log(a, b) other_log(a, b)
#define call_clock(a, b) other_clock(a, b)
#define call_random(a, b) other_random(a, b)
#define call_yield(a, b) other_yield(a, b)
#define call_memory_map(a, b) other_memory_map(a, b)
#define call_memory_unmap(a, b) other_memory_unmap(a, b)
#define call_set_tls(a, b) other_set_tls(a, b)
#define call_set_upcall(a, b) other_set_upcall(a, b)
#define call_thread_create(a, b) other_thread_create(a, b)
#define call_thread_exit(a, b) other_thread_exit(a, b)
#define call_handle_close(a, b) other_handle_close(a, b)
#define call_call(a, b) other_call(a, b)
#define call_receive(a, b) other_receive(a, b)
#define call_reply(a, b) other_reply(a, b)
#define call_channel_create(a, b) other_channel_create(a, b)
#define call_file_map(a, b) other_file_map(a, b)
#define call_process_start(a, b) other_process_start(a, b)
#define call_process_wait(a, b) other_process_wait(a, b)
#define call_publish(a, b) other_publish(a, b)
#endif

#include "kernel/proc/syscall.c"

static void start(void)
{
	__CPROVER_havoc_object(&the_process);
	__CPROVER_havoc_object(&context);
	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++) {
		the_process.handle[i].type = (enum handle_type)(any_u8() & 7u);
		ASSUME(the_process.handle[i].index < (the_process.handle[i].type == HANDLE_PROCESS ? PROCESS_MAX : CHANNEL_MAX));
	}
	ASSUME(the_process.space.own_pages <= 1u << 20 && the_process.limit_pages <= 1u << 20);
	the_process.state = PROCESS_RUNNING;
	ASSUME(the_process.threads >= 1 && the_process.threads <= PROCESS_THREADS_MAX);
	the_thread = (struct thread){ .state = THREAD_READY, .process = &the_process, .context = &context };
	for (uint32_t i = 0; i < 4; i++)
		argument[i] = any_u64();
	witness = any_u8() % SERVICE_HANDLES_MAX;
	process_before = the_process;
	context_before = context;
}

static bool has(uint64_t number, enum handle_type type)
{
	return number < SERVICE_HANDLES_MAX && process_before.handle[number].type == type;
}

static bool same_handles(void)
{
	return the_process.handle[witness].type == process_before.handle[witness].type &&
	       the_process.handle[witness].index == process_before.handle[witness].index;
}

/* But for its handles. */
static bool same_caller(void)
{
	return the_process.state == PROCESS_RUNNING && the_process.upcall.v == process_before.upcall.v &&
	       the_process.threads == process_before.threads && the_process.limit_pages == process_before.limit_pages &&
	       the_process.parent == process_before.parent && the_thread.state == THREAD_READY && the_thread.process == &the_process &&
	       context.fs_base == context_before.fs_base && context.frame.rip == context_before.frame.rip &&
	       context.frame.rax == context_before.frame.rax && context.frame.rsp == context_before.frame.rsp;
}

static bool nothing_changed(void)
{
	return same_caller() && same_handles() && acts == 0 && added == 0 && closed == 0 && writes == 0 && lines == 0 &&
	       threads_made == 0 && threads_ended == 0 && ended_itself == 0 && child == NULL;
}

#ifdef DISPATCH
void prove_dispatch(void)
{
	start();
	uint64_t number = context.frame.rax;

	syscall_handle(&the_thread);
	PROVE(context.frame.rip == context_before.frame.rip && context.frame.rsp == context_before.frame.rsp &&
	      context.frame.rdi == context_before.frame.rdi && context.frame.rbx == context_before.frame.rbx, "other registers are kept");
	if (number >= SYS_COUNT) {
		PROVE(calls == 0 && the_thread.state == THREAD_READY && context.frame.rax == (uint64_t)(int64_t)ERR_UNSUPPORTED,
		      "a number that is none does nothing");
		CANARY("an unknown number");
		return;
	}
	PROVE(calls == 1, "a number that is one has a call");
	if (the_thread.state == THREAD_WAITING) {
		PROVE(context.frame.rax == number, "who waits repeats the same call");
		CANARY("waits");
	} else if (the_thread.state == THREAD_READY && call_result != 0) {
		PROVE(context.frame.rax == (uint64_t)call_result, "the result is in RAX");
		CANARY("a result");
	} else {
		PROVE(context.frame.rax == rax_left, "what a call set itself stays, and a thread that is gone is not written to");
	}
	if (the_thread.state == THREAD_FREE)
		CANARY("a thread that is gone");
	if (number == SYS_PUBLISH)
		CANARY("the last call");
}
#else

void prove_log(void)
{
	start();
	int64_t result = call_log(&the_thread, argument);

	PROVE(result == 0 || result == ERR_INVALID || result == ERR_ADDRESS, "a documented error");
	PROVE(lines == (result == 0 ? 1 : 0), "a line is written, or the call is refused");
	PROVE(IMPLIES(lines != 0, has(argument[0], HANDLE_LOG) && reads == 1 && read_from[0] == argument[1]), "who holds the log writes to it");
	lines = 0;
	PROVE(nothing_changed(), "nothing else changes");
	if (result == 0 && argument[2] == SERVICE_LOG_MAX)
		CANARY("the longest line");
	if (result == ERR_ADDRESS)
		CANARY("a bad address");
}

void prove_random(void)
{
	start();
	int64_t result = call_random(&the_thread, argument);

	PROVE(result == 0 || result == ERR_INVALID || result == ERR_ADDRESS || result == ERR_FAULT, "a documented error");
	PROVE((result == 0) == (writes == 1), "bytes are given, or the call is refused");
	PROVE(IMPLIES(written_from != NULL, random_bytes != NULL && written_from == random_bytes && written_to == argument[1] &&
						written_size == argument[2]), "what is written is random, and as long as asked for");
	PROVE(IMPLIES(random_bytes != NULL, has(argument[0], HANDLE_RANDOM) && argument[2] != 0), "who holds it gets random bytes");
	PROVE(wiped == (random_bytes != NULL), "none stays on the monitor's stack");
	writes = 0;
	PROVE(nothing_changed(), "nothing else changes");
	if (result == 0 && argument[2] == SERVICE_RANDOM_MAX)
		CANARY("the most bytes");
	if (result == ERR_ADDRESS)
		CANARY("a bad address");
	if (result == ERR_FAULT)
		CANARY("no entropy");
}

static bool in_its_half(uint64_t address)
{
	return address >= SPACE_START && address < SPACE_END;
}

void prove_addresses(void)
{
	start();
	uint8_t which = any_u8() % 3u;
	int64_t result = which == 0 ? call_set_tls(&the_thread, argument) : which == 1 ? call_set_upcall(&the_thread, argument) :
										  call_thread_create(&the_thread, argument);

	if (which == 0) {
		PROVE(result == (in_its_half(argument[0]) ? 0 : ERR_ADDRESS), "a base in the caller's half, or none");
		PROVE(context.fs_base == (result == 0 ? argument[0] : context_before.fs_base), "it is set, or stays");
		context.fs_base = context_before.fs_base;
		if (result == 0)
			CANARY("a base is set");
	} else if (which == 1) {
		PROVE(result == (argument[0] == 0 || in_its_half(argument[0]) ? 0 : ERR_ADDRESS), "in the caller's half, or none");
		PROVE(the_process.upcall.v == (result == 0 ? argument[0] : process_before.upcall.v), "it is set, or stays");
		the_process.upcall = process_before.upcall;
		if (result == 0 && argument[0] == 0)
			CANARY("no upcall any more");
	} else {
		bool fits = in_its_half(argument[0]) && in_its_half(argument[1]);

		PROVE(fits ? result == 0 || result == ERR_NO_MEMORY : result == ERR_ADDRESS, "a thread in the caller's half, or none");
		PROVE(threads_made == (result == 0 ? 1 : 0), "one thread");
		PROVE(IMPLIES(threads_made != 0, thread_entry == argument[0] && thread_stack == argument[1] && thread_argument == argument[2]),
		      "it starts as asked for");
		if (threads_made != 0)
			CANARY("a thread");
		threads_made = 0;
	}
	PROVE(nothing_changed(), "nothing else changes");
}

void prove_exit(void)
{
	start();
	uint8_t which = any_u8() % 4u;
	int64_t result = which == 0 ? call_exit(&the_thread, argument) : which == 1 ? call_thread_exit(&the_thread, argument) :
			 which == 2 ? call_yield(&the_thread, argument) : call_clock(&the_thread, argument);

	if (which == 0 || (which == 1 && process_before.threads == 1)) {
		PROVE(ended_itself == 1 && threads_ended == 0, "the process ends, with all of its threads");
		PROVE(exit_code == (which == 0 ? (int64_t)argument[0] : 0), "with that code");
		CANARY("the process ends");
		the_thread.state = THREAD_READY;
		ended_itself = 0;
	} else if (which == 1) {
		PROVE(ended_itself == 0 && threads_ended == 1, "the thread ends, the process goes on");
		CANARY("the thread ends");
		the_thread.state = THREAD_READY;
		threads_ended = 0;
	}
	PROVE(which == 3 ? result >= 0 : result == 0, "no error");
	PROVE(nothing_changed(), "nothing else changes");
	if (which == 3 && result > 1)
		CANARY("the time");
}

void prove_handle_close(void)
{
	start();
	int64_t result = call_handle_close(&the_thread, argument);
	bool there = argument[0] < SERVICE_HANDLES_MAX && process_before.handle[argument[0]].type != HANDLE_NONE;

	PROVE(result == (there ? 0 : ERR_INVALID), "a handle that there is, or an error");
	PROVE(closed == (there ? 1 : 0) && IMPLIES(there, closed_number[0] == argument[0]), "that one is closed");
	PROVE(IMPLIES(witness != argument[0], same_handles()), "no other");
	if (there) {
		CANARY("closed");
		return;
	}
	PROVE(nothing_changed(), "a refusal changes nothing");
}

void prove_messages(void)
{
	start();
	uint8_t which = any_u8() % 3u;
	int64_t result = which == 0 ? call_call(&the_thread, argument) : which == 1 ? call_receive(&the_thread, argument) :
										call_reply(&the_thread, argument);
	bool good = has(argument[0], which == 0 ? HANDLE_CLIENT : HANDLE_SERVER);

	PROVE(used == (!good ? NOTHING : which == 0 ? A_CALL : which == 1 ? A_RECEIVE : A_REPLY),
	      "who holds that end of a channel uses it, for what it is for");
	if (good) {
		PROVE(result == channel_result, "the result is the channel's");
		PROVE(used_channel == process_before.handle[argument[0]].index && used_message == argument[1],
		      "the channel is that of the handle, the message the caller's");
		if (which == 2)
			CANARY("a reply");
		acts = 0;
	} else {
		PROVE(result == ERR_INVALID, "there is no such handle");
		CANARY("refused");
	}
	PROVE(nothing_changed(), "nothing else changes");
}

void prove_channel_create(void)
{
	start();
	int64_t result = call_channel_create(&the_thread, argument);

	PROVE(same_caller() && acts == 0, "nothing but handles changes");
	PROVE(IMPLIES(process_before.handle[SERVICE_INIT_DOOR].type != HANDLE_DOOR, result == ERR_PERMISSION && added == 0),
	      "who holds no door makes none");
	PROVE(result == 0 || result == ERR_PERMISSION || result == ERR_NO_MEMORY || result == ERR_ADDRESS, "a documented error");
	if (result != 0) {
		PROVE(added == closed && writes == 0 && the_process.handle[witness].type == process_before.handle[witness].type,
		      "no end of it is left");
		PROVE(IMPLIES(process_before.handle[witness].type != HANDLE_NONE, same_handles()), "no handle changes");
		if (closed == 2)
			CANARY("a bad address");
		if (closed == 1)
			CANARY("one place too few");
		return;
	}
	PROVE(added == 2 && closed == 0 && writes == 1, "two handles");
	PROVE(new_handle[0].type == HANDLE_SERVER && new_handle[1].type == HANDLE_CLIENT && new_handle[0].index == new_channel &&
	      new_handle[1].index == new_channel, "the two ends of the new channel");
	PROVE(written_to == argument[0] && written_size == 8 && (written[0] & UINT32_MAX) == (uint64_t)new_number[0] &&
	      written[0] >> 32 == (uint64_t)new_number[1], "the caller gets their numbers");
	PROVE(IMPLIES((int64_t)witness != new_number[0] && (int64_t)witness != new_number[1], same_handles()), "no other handle changes");
	CANARY("a channel");
}

void prove_file(void)
{
	uint32_t count = 0;

	start();
	file_offset = any_u64();
	file_size = any_u64();
	services_archive_base = any_u64();
	ASSUME(is_aligned(file_offset, PAGE_SIZE) && is_aligned(services_archive_base, PAGE_SIZE));
	ASSUME(services_archive_base <= 1ull << 51 && file_offset <= 1ull << 51);
	ASSUME(file_size <= FILE_PAGES * PAGE_SIZE || file_size > SPACE_END - SPACE_START);
	int64_t result = call_file_map(&the_thread, argument);

	for (uint32_t i = 0; i < FILE_PAGES; i++)
		count += mapped[i] ? 1u : 0u;
	PROVE(result == 0 || result == ERR_INVALID || result == ERR_ADDRESS || result == ERR_NOT_FOUND || result == ERR_NO_MEMORY,
	      "a documented error");
	PROVE(IMPLIES(result == 0, has(argument[0], HANDLE_ARCHIVE)), "who holds the archive maps its files");
	PROVE(count == (result == 0 ? (file_size + PAGE_MASK) / PAGE_SIZE : 0), "all of the file is mapped, or nothing");
	if (result != 0) {
		PROVE(nothing_changed(), "a refusal changes nothing");
		if (written_from != NULL && file_size > PAGE_SIZE)
			CANARY("a bad address for the result");
		if (file_size > 1ull << 63)
			CANARY("a huge file");
		return;
	}
	PROVE(writes == 1 && written_to == argument[2] && written[0] == run_start && written[1] == file_size, "the caller learns where it is");
	PROVE(count < run_pages, "the page behind it is free");
	writes = 0;
	PROVE(nothing_changed(), "nothing else changes");
	if (file_size > PAGE_SIZE)
		CANARY("two pages");
}

void prove_start(void)
{
	start();
	int64_t result = call_process_start(&the_thread, argument);

	PROVE(same_caller() && acts == 0 && closed == 0 && writes == 0, "of the caller nothing but handles changes");
	PROVE(IMPLIES(child != NULL, has(argument[0], HANDLE_ARCHIVE)), "who holds the archive starts processes");
	if (result < 0) {
		PROVE(result == ERR_INVALID || result == ERR_ADDRESS || result == ERR_NO_MEMORY || result == ERR_NOT_FOUND || result == ERR_FORMAT,
		      "a documented error");
		PROVE(added == 0 && same_handles(), "a refusal changes nothing");
		PROVE((child != NULL) == (children_ended == 1), "nothing of it runs on");
		if (child != NULL)
			CANARY("no place for its handle");
		return;
	}
	PROVE(child != NULL && children_ended == 0 && child->parent == &the_process, "the new process runs");
	PROVE(added == 1 && result == new_number[0] && new_handle[0].type == HANDLE_PROCESS && new_handle[0].index == 5,
	      "the caller has a handle of it");
	PROVE(IMPLIES((int64_t)witness != result, same_handles()), "no other handle changes");
	CANARY("a process");
}

void prove_wait(void)
{
	bool any_child = false, any_ended = false;

	start();
	for (uint32_t i = 0; i < PROCESS_MAX; i++) {
		children[i].state = any_bool() ? PROCESS_RUNNING : PROCESS_ENDED;
		children[i].exit_reason = any_u32();
		children[i].exit_code = (int64_t)any_u64();
	}
	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++) {
		bool is_child = the_process.handle[i].type == HANDLE_PROCESS;

		any_child = any_child || is_child;
		any_ended = any_ended || (is_child && children[the_process.handle[i].index % PROCESS_MAX].state == PROCESS_ENDED);
	}
	ASSUME(context.frame.rip >= SYSCALL_LENGTH);
	int64_t result = call_process_wait(&the_thread, argument);

	PROVE(IMPLIES(!any_child, result == ERR_STATE), "there is nobody to wait for");
	if (any_child && !any_ended) {
		PROVE(result == 0 && the_thread.state == THREAD_WAITING && context.frame.rip == context_before.frame.rip - 2,
		      "it waits, and then repeats its call");
		CANARY("waits");
		the_thread.state = THREAD_READY;
		context.frame.rip = context_before.frame.rip;
		PROVE(nothing_changed(), "nothing else changes");
		return;
	}
	PROVE(same_caller(), "the thread goes on");
	if (result != 0) {
		PROVE(IMPLIES(any_child, result == ERR_ADDRESS) && nothing_changed(), "a refusal changes nothing: the news are not lost");
		if (any_ended)
			CANARY("a bad address");
		return;
	}
	uint32_t number = (uint32_t)(written[0] & UINT32_MAX), reason = (uint32_t)(written[0] >> 32);

	PROVE(writes == 1 && written_to == argument[0] && written_size == sizeof(struct service_exit), "the caller learns of it");
	PROVE(has(number, HANDLE_PROCESS), "of one that it started");
	const struct process *ended = &children[process_before.handle[number % SERVICE_HANDLES_MAX].index % PROCESS_MAX];

	PROVE(ended->state == PROCESS_ENDED && reason == ended->exit_reason && (int64_t)written[1] == ended->exit_code, "how it ended");
	PROVE(closed == 1 && closed_number[0] == number && added == 0, "its handle is closed");
	PROVE(IMPLIES(witness != number, same_handles()), "no other handle changes");
	CANARY("a child has ended");
}

void prove_publish(void)
{
	start();
	int64_t result = call_publish(&the_thread, argument);
	bool good = has(argument[0], HANDLE_DOOR) && has(argument[2], HANDLE_CLIENT) && argument[1] <= UINT32_MAX;

	PROVE(acts == (good ? 1 : 0), "who holds the door publishes channels that it holds");
	if (good) {
		PROVE(result == 0 || result == ERR_NO_MEMORY, "a documented error");
		PROVE(published_protocol == argument[1] && published.type == HANDLE_CLIENT &&
		      published.index == process_before.handle[argument[2]].index, "that channel, for that protocol");
		CANARY("published");
		acts = 0;
	} else {
		PROVE(result == ERR_INVALID, "refused");
	}
	PROVE(nothing_changed(), "nothing else changes");
}

/* Sizes of up to two pages. */
void prove_memory(void)
{
	start();
	if (any_bool()) {
		ASSUME(argument[0] <= 2 * PAGE_SIZE || argument[0] > MAP_SIZE_MAX);
		int64_t result = call_memory_map(&the_thread, argument);

		PROVE(IMPLIES(argument[0] == 0 || argument[0] > MAP_SIZE_MAX, result == ERR_INVALID), "sizes are bounded");
		PROVE(IMPLIES(result < 0 && unmapped_size != 0, unmapped_size < argument[0]), "what was added is taken back");
		if (result > 0)
			CANARY("mapped");
		return;
	}
	ASSUME(argument[1] <= 2 * PAGE_SIZE);
	int64_t result = call_memory_unmap(&the_thread, argument);

	PROVE(IMPLIES(result != 0, unmapped_size == 0), "a refusal unmaps nothing");
	if (result == 0) {
		PROVE(unmapped_from == argument[0] && unmapped_size == argument[1] && unmapped_from >= SPACE_START &&
		      unmapped_size <= SPACE_END - unmapped_from, "what was asked for, in the caller's half");
		CANARY("unmapped");
	}
}
#endif
