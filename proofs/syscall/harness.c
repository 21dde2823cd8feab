/* SPDX-License-Identifier: MIT */
/*
 * System calls about memory. What they do is replaced by a check that it is done to the caller, and with what it holds a
 * handle for.
 */
#include "proofs/prover.h"

#include "kernel/mm/memory.h"
#include "kernel/platform/log.h"
#include "kernel/proc/door.h"
#include "kernel/proc/entropy.h"
#include "kernel/proc/process.h"

static struct process the_process, child;
static struct thread the_thread;
static struct user_context context;
static uint64_t number;
static uint32_t acts;       /* objects that were used */
static bool channel_made, child_made, child_known;
static uint32_t new_channel;

struct spinlock services_lock;
struct archive services_archive;
uint64_t services_archive_base;

static bool held(enum handle_type type, uint32_t index)
{
	bool found = false;

	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
		found = found || (the_process.handle[i].type == type && the_process.handle[i].index == index);
	return found;
}

static bool held_one(enum handle_type type)
{
	bool found = false;

	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
		found = found || the_process.handle[i].type == type;
	return found;
}

/* ---- objects ---- */

/* As proofs/channel shows it. */
const struct handle *handle_find(const struct process *process, uint64_t at, enum handle_type type)
{
	PROVE(process == &the_process, "handles are the caller's own");
	return at < SERVICE_HANDLES_MAX && the_process.handle[at].type == type ? &the_process.handle[at] : NULL;
}

int handle_add(struct process *process, struct handle handle)
{
	bool of_channel = channel_made && handle.index == new_channel &&
			  (handle.type == HANDLE_SERVER || handle.type == HANDLE_CLIENT);

	PROVE(process == &the_process && (of_channel || (child_made && handle.type == HANDLE_PROCESS && handle.index == 5)),
	      "new handles name what was made just now");
	if (any_bool())
		return ERR_NO_MEMORY;
	child_known = child_known || handle.type == HANDLE_PROCESS;
	return any_u8() % SERVICE_HANDLES_MAX;
}

void handle_close(struct process *process, uint32_t at)
{
	PROVE(process == &the_process && at < SERVICE_HANDLES_MAX, "handles are closed in the caller's own table");
	PROVE(IMPLIES(number == SYS_HANDLE_CLOSE, the_process.handle[at].type != HANDLE_NONE), "there is something to close");
	acts++;
}

struct process *process_by_index(uint32_t index)
{
	PROVE(held(HANDLE_PROCESS, index), "only processes that the caller started are looked at");
	return &child;
}

uint32_t process_index(const struct process *process)
{
	PROVE(process == &child, "the new process");
	return 5;
}

int process_create(const struct service_start *start, const char *environment, const struct handle *handles,
		   struct process *parent, struct process **out)
{
	uint32_t which = any_u32();

	PROVE(held_one(HANDLE_ARCHIVE) && parent == &the_process, "who holds the archive starts processes, as their parent");
	PROVE(start->handle_count <= SERVICE_HANDLES_MAX && start->environment_size <= SERVICE_ENVIRONMENT_MAX, "within the bounds");
	PROVE(start->environment_size == 0 || environment[start->environment_size - 1] == 0, "the environment ends");
	PROVE(start->name[SERVICE_NAME_MAX - 1] == 0 && start->file[SERVICE_NAME_MAX - 1] == 0, "names end");
	if (which < start->handle_count) {
		PROVE(handles[which].type != HANDLE_NONE && handles[which].type != HANDLE_PROCESS &&
		      held(handles[which].type, handles[which].index), "only what the caller holds is handed on, and no process");
	}
	acts++;
	child = (struct process){ .state = PROCESS_RUNNING, .parent = parent };
	child_made = any_bool();
	*out = &child;
	return child_made ? 0 : ERR_NO_MEMORY;
}

void process_end(struct process *process, uint32_t reason, int64_t code)
{
	PROVE(process == &the_process || (process == &child && child_made && !child_known), "a process ends itself, or what it could not start");
	PROVE(IMPLIES(process == &child, child.parent == NULL), "nobody waits for what was not started: its place is free again");
	if (process == &the_process)
		the_thread.state = THREAD_FREE;
	acts++;
}

int thread_create(struct process *process, va_t entry, va_t stack, uint64_t argument)
{
	PROVE(process == &the_process, "threads are the caller's own");
	PROVE(entry.v >= SPACE_START && entry.v < SPACE_END && stack.v >= SPACE_START && stack.v < SPACE_END, "they start in its half");
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

void thread_end(struct thread *thread)
{
	PROVE(thread == &the_thread, "a thread ends itself");
	the_thread.state = THREAD_FREE;
}

int channel_create(uint32_t *index)
{
	PROVE(the_process.handle[SERVICE_INIT_DOOR].type == HANDLE_DOOR, "channels are the first process's to make");
	*index = new_channel = any_u8() % CHANNEL_MAX;
	channel_made = true;
	acts++;
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

static int on_channel(const struct thread *thread, uint32_t channel, enum handle_type end)
{
	PROVE(thread == &the_thread && held(end, channel), "only channels that the caller holds that end of are used");
	acts++;
	return any_bool() ? 0 : any_bool() ? ERR_STATE : ERR_ADDRESS;
}

int channel_call(struct thread *thread, uint32_t channel, va_t message) { return on_channel(thread, channel, HANDLE_CLIENT); }
int channel_receive(struct thread *thread, uint32_t channel, va_t message) { return on_channel(thread, channel, HANDLE_SERVER); }
int channel_reply(struct thread *thread, uint32_t channel, va_t message) { return on_channel(thread, channel, HANDLE_SERVER); }

int door_publish(uint32_t protocol, struct handle client)
{
	PROVE(held_one(HANDLE_DOOR) && client.type == HANDLE_CLIENT && held(HANDLE_CLIENT, client.index),
	      "who holds the door publishes channels that it holds");
	acts++;
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

int archive_find(const struct archive *archive, const char *name, uint64_t *offset, uint64_t *size)
{
	PROVE(held_one(HANDLE_ARCHIVE) && name[SERVICE_NAME_MAX - 1] == 0, "who holds the archive finds files in it");
	*offset = any_u32() & ~(uint32_t)PAGE_MASK;
	*size = any_u32();
	ASSUME(*size <= 2 * PAGE_SIZE);
	acts++;
	return any_bool() ? 0 : ERR_NOT_FOUND;
}

int entropy_get(uint8_t *out, uint64_t size)
{
	PROVE(held_one(HANDLE_RANDOM) && size <= SERVICE_RANDOM_MAX && __CPROVER_w_ok(out, size), "who holds it gets random bytes");
	acts++;
	return any_bool() ? 0 : ERR_FAULT;
}

void log_line(const char *format, ...)
{
	PROVE(number == SYS_LOG && held_one(HANDLE_LOG), "who holds the log writes to it");
	acts++;
}

uint64_t services_clock(void) { return any_u64(); }

/* ---- the caller's memory ---- */

static int on_memory(const struct space *space)
{
	PROVE(space == &the_process.space, "memory is the caller's own");
	return any_bool() ? 0 : ERR_ADDRESS;
}

int space_read(const struct space *space, va_t address, void *out, uint64_t size)
{
	PROVE(__CPROVER_w_ok(out, size), "what is read has room"); /* and is anything: it was never set */
	return on_memory(space);
}

int space_write(const struct space *space, va_t address, const void *data, uint64_t size)
{
	PROVE(__CPROVER_r_ok(data, size), "what is written is the monitor's to give");
	return on_memory(space);
}

int space_map(struct space *space, va_t address, pa_t frame, enum space_access access, bool own, bool movable)
{
	PROVE(held_one(HANDLE_ARCHIVE) && access == SPACE_READ && !own && !movable, "files are mapped read-only");
	return on_memory(space);
}

int space_find(const struct space *space, uint64_t pages, va_t *address)
{
	*address = va(any_u64() & ~PAGE_MASK);
	ASSUME(address->v >= SPACE_START && address->v < SPACE_END - 4 * PAGE_SIZE);
	return on_memory(space);
}

bool space_is_movable(const struct space *space, va_t address) { return on_memory(space) == 0; }

static uint64_t unmapped_from, unmapped_size;

void stub_unmap(struct process *process, uint64_t start, uint64_t size)
{
	PROVE(process == &the_process, "memory is the caller's own");
	unmapped_from = start;
	unmapped_size = size;
}

int process_add_page(struct process *process, va_t address, enum space_access access, bool movable)
{
	PROVE(process == &the_process && access == SPACE_WRITE, "new memory is the caller's own, and holds no program");
	return any_bool() ? 0 : ERR_NO_MEMORY;
}

/* The data of messages and logs does not matter here. */
void *memset(void *destination, int byte, size_t size) { return destination; }

#include "kernel/proc/syscall.c"

static void start(void)
{
	__CPROVER_havoc_object(&the_process);
	__CPROVER_havoc_object(&context);
	for (uint32_t i = 0; i < SERVICE_HANDLES_MAX; i++)
		the_process.handle[i].type = (enum handle_type)(any_u8() & 7u);
	ASSUME(the_process.space.own_pages <= 1u << 20 && the_process.limit_pages <= 1u << 20);
	the_process.state = PROCESS_RUNNING;
	the_thread = (struct thread){ .state = THREAD_READY, .process = &the_process, .context = &context };
	number = context.frame.rax;
	services_archive_base = any_u32();
}

/* Sizes of up to two pages. */
void prove_memory(void)
{
	uint64_t argument[4] = { any_u64(), any_u64(), any_u64(), any_u64() };

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
