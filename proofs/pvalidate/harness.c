/* SPDX-License-Identifier: MIT */
/*
 * The PVALIDATE call. Guest memory is what the guest likes at every read: reading something twice gives two values, so
 * that a second read of an entry could not be proved to have been checked.
 */
#include "proofs/prover.h"

#include "kernel/protocol/pvalidate.c"
#include "kernel/protocol/dispatch.c"
#include "lib/pvalidate_list.c"

/* ---- what the call rests on ---- */

static uint64_t scratch[PAGE_SIZE / sizeof(uint64_t)];
static struct percpu cpu = { .self = &cpu, .scratch = scratch };
static gpa_t request_address;
static struct svsm_pvalidate_header header_read; /* as the guest gave it */
static uint32_t header_reads, list_reads, writes;
static uint16_t next_written;
static uint32_t done; /* pages given or taken so far */
static bool wrong;    /* something was done that no checked entry asked for */

struct percpu *percpu_self(void)
{
	return &cpu;
}

int guest_read(gpa_t address, void *out, uint64_t size)
{
	if (any_bool())
		return any_bool() ? ERR_ADDRESS : ERR_FAULT;
	PROVE(size != 0 && size <= PAGE_SIZE - (address.v & PAGE_MASK), "a read stays in its page");
	if (out == (void *)scratch) {
		PROVE(address.v == request_address.v + sizeof(struct svsm_pvalidate_header), "the entries are behind the header");
		PROVE(size == header_read.entries * sizeof(uint64_t), "all entries and nothing else");
		__CPROVER_havoc_object(scratch);
		list_reads++;
	} else {
		PROVE(address.v == request_address.v && size == sizeof(header_read), "the header is read");
		header_read.entries = any_u16();
		header_read.next = any_u16();
		header_read.reserved = any_u32();
		*(struct svsm_pvalidate_header *)out = header_read;
		header_reads++;
	}
	return 0;
}

int guest_write(gpa_t address, const void *data, uint64_t size)
{
	PROVE(address.v == request_address.v + NEXT_OFFSET && size == sizeof(uint16_t), "only next is written");
	next_written = *(const uint16_t *)data;
	writes++;
	return any_bool() ? 0 : ERR_FAULT;
}

static int act(gpa_t address, bool size_2m, bool validate)
{
	uint64_t raw = scratch[header_read.next + done];

	/* The next entry in turn, as it was read, and well-formed. */
	wrong = wrong || header_read.next + done >= header_read.entries || address.v != (raw & ~PAGE_MASK) ||
		size_2m != ((raw & 3) == 1) || (raw & 3) > 1 || (raw & 0xFF0) != 0 || validate != ((raw & 4) != 0) ||
		(size_2m && (address.v & PAGE_MASK_2M) != 0);
	int error = any_int();

	ASSUME(error <= 0 && error >= ERR_INCOMPLETE);
	if (error == 0 || (error == ERR_UNCHANGED && (raw & 8) != 0 && !validate))
		done++;
	return error;
}

int guest_page_give(gpa_t address, bool size_2m)
{
	return act(address, size_2m, true);
}

int guest_page_give_again(gpa_t address, bool size_2m)
{
	PROVE((scratch[header_read.next + done] & 8) != 0, "only when the guest wants 'no change' ignored");
	return act(address, size_2m, true);
}

int guest_page_take(gpa_t address, bool size_2m)
{
	return act(address, size_2m, false);
}

bool door_is_open(uint32_t protocol)
{
	return any_bool();
}

/* ---- the proofs ---- */

void prove_capacity(void)
{
	gpa_t request = gpa(any_u64());
	uint32_t capacity;
	int error = pvalidate_list_capacity(request, &capacity);

	PROVE(error == 0 || error == ERR_INVALID, "a documented error");
	if (error != 0)
		return;
	PROVE(capacity >= 1 && capacity <= 511, "at least one entry, and at most what a page holds");
	PROVE((request.v & PAGE_MASK) + 8 + capacity * 8ull <= PAGE_SIZE, "the list stays in its page");
	PROVE((request.v & 7) == 0, "aligned");
	CANARY("there is room");
}

void prove_decode(void)
{
	uint64_t raw = any_u64();
	struct pvalidate_entry entry;
	int error = pvalidate_entry_decode(raw, &entry);
	bool good = (raw & 0xFF0) == 0 && (raw & 3) <= 1 && !((raw & 3) == 1 && (raw & 0x1FF000) != 0);

	PROVE((error == 0) == good && (error == 0 || error == ERR_INVALID), "exactly the well-formed entries decode");
	if (error != 0)
		return;
	PROVE((entry.address.v | (entry.size_2m ? 1u : 0u) | (entry.validate ? 4u : 0u) | (entry.ignore_cf ? 8u : 0u)) == raw,
	      "an entry says what its bits say");
	CANARY("well-formed");
}

void prove_check(void)
{
	struct svsm_pvalidate_header header;
	uint32_t capacity = any_u32();
	int error = pvalidate_list_check(&header, capacity);

	PROVE((error == 0) == (header.entries >= 1 && header.entries <= capacity && header.next < header.entries),
	      "next is below entries, entries are what fits");
	if (error == 0)
		CANARY("good");
}

/* A short list: the loop over the entries is the same for each. */
#ifndef ENTRIES
#define ENTRIES 2u
#endif

void prove_call(void)
{
	uint64_t result;

	request_address = gpa(any_u64());
	/* Short lists: at most ENTRIES of them fit behind the header in its page. */
	ASSUME((request_address.v & PAGE_MASK) >= PAGE_SIZE - 8 - 8 * ENTRIES);
	result = protocol_core_pvalidate(request_address);
	PROVE(header_reads <= 1 && list_reads <= 1, "guest memory is read once");
	PROVE(!wrong, "pages are given and taken as the checked entries say, in their order");
	if (writes == 0) {
		PROVE(result != SVSM_SUCCESS && result != SVSM_ERR_INCOMPLETE && done == 0, "a list that is refused does nothing");
		CANARY("refused");
		return;
	}
	PROVE(writes == 1 && next_written == header_read.next + done, "next is the first entry that is not done");
	PROVE(next_written <= header_read.entries, "next stays in the list");
	PROVE(IMPLIES(result == SVSM_SUCCESS, next_written == header_read.entries), "success means that all is done");
	if (result == SVSM_SUCCESS && done == ENTRIES)
		CANARY("a full list was done");
	if (result == SVSM_ERR_CORE_FAIL_SIZEMISMATCH)
		CANARY("an entry has the wrong size");
}

void prove_results(void)
{
	int error = any_int();
	uint64_t result = entry_result(error);

	PROVE((result == SVSM_SUCCESS) == (error == 0), "no error is a success");
	PROVE(result == 0 || (result >= 0x80000000ull && result < 0x80002000ull), "a code of the protocol");
	PROVE((protocol_result(error) == SVSM_SUCCESS) == (error == 0), "no error is a success");
	CANARY("any");
}

/* ---- the dispatcher ---- */

uint64_t protocol_core(struct vcpu *vcpu, uint32_t number, struct vcpu_call *call) { return any_u64(); }
uint64_t protocol_attest(uint32_t number, struct vcpu_call *call) { return any_u64(); }
bool protocol_attest_offered(void) { return any_bool(); }
uint64_t protocol_vtpm(uint32_t number, struct vcpu_call *call) { return any_u64(); }
uint64_t protocol_test(uint32_t protocol, struct vcpu_call *call) { return any_u64(); }

void prove_versions(void)
{
	uint32_t protocol = any_u32(), minimum = any_u32(), maximum = any_u32();

	if (protocol_versions(protocol, &minimum, &maximum)) {
		PROVE(minimum <= maximum && minimum == 1, "versions are in order");
		CANARY("offered");
	}
}

void prove_dispatch(void)
{
	struct vcpu_call call;
	uint32_t protocol = (uint32_t)(call.rax >> 32);

	protocol_call(NULL, &call);
	PROVE(IMPLIES(protocol > 1 && protocol < PROTOCOL_TEST_FIRST && protocol != SVSM_PROTOCOL_VTPM,
		      call.rax == SVSM_ERR_UNSUPPORTED_PROTOCOL || protocol == SVSM_PROTOCOL_CORE), "what is not offered is refused");
	CANARY("any call");
}
