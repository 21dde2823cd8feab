/* SPDX-License-Identifier: MIT */
/*
 * Opening an IGVM file: the walk over its headers, whose step does what proofs/igvm shows of it, and the body of the ID
 * block. Of what is copied only the place matters; it may be anything.
 */
#include "proofs/prover.h"

#include "lib/igvm.c"

static struct igvm_file file;
static struct igvm_header header;
static struct igvm_error error;

void *memcpy(void *to, const void *from, size_t size)
{
	PROVE(__CPROVER_r_ok(from, size) && __CPROVER_w_ok(to, size), "what is copied is there, and has room");
	return to;
}

static bool headers_inside(const struct igvm_file *of, uint64_t size)
{
	return of->size <= size && of->headers_offset >= 24 && of->headers_offset <= of->size &&
	       of->headers_size <= of->size - of->headers_offset;
}

static int refuse(struct igvm_error *why, int code)
{
	why->text = "";
	why->offset = any_u64();
	why->type = any_u32();
	return code;
}

/* ---- the walk ---- */

#define HEADERS 3u

static struct igvm_header given[HEADERS];
static const struct type_info *info_of[HEADERS]; /* NULL: an unknown type */
static uint32_t count;
static bool at_end, cut_off;

/* What proofs/igvm shows of it. */
int stub_igvm_next(const struct igvm_file *of, struct igvm_cursor *cursor, struct igvm_header *next, struct igvm_error *why)
{
	uint64_t step = any_u64(), left = of->headers_size - cursor->consumed;

	PROVE(cursor->consumed <= of->headers_size, "from a place inside");
	if (left == 0) {
#ifndef ANY_NUMBER
		at_end = true;
#endif
		return ERR_NOT_FOUND;
	}
	next->type = any_u32() & ~IGVM_TYPE_OPTIONAL;
	next->length = any_u32();
	next->offset = any_u64();
	next->optional = any_bool();
	if (any_bool()) {
#ifndef ANY_NUMBER
		cut_off = true;
#endif
		return refuse(why, ERR_FORMAT);
	}
	ASSUME(step != 0 && step <= left);
	cursor->consumed += step;
#ifndef ANY_NUMBER
	PROVE(!at_end && !cut_off, "nothing is read behind the end");
	ASSUME(count < HEADERS);
	given[count++] = *next;
#endif
	return 0;
}

/* A type of the table, or none; proofs/igvm shows that it is the right one. */
const struct type_info *stub_find_type(uint32_t type)
{
	const struct type_info *info = any_bool() ? NULL : &type_table[any_u8() % ARRAY_SIZE(type_table)];

#ifndef ANY_NUMBER
	PROVE(count != 0 && type == given[count - 1].type, "of the header at hand");
	info_of[count - 1] = info;
#endif
	return info;
}

/* One of the sections of the format, from 1 on. */
static uint32_t its_section(const struct igvm_header *one)
{
	return one->type == 0 || one->type > 0x400 ? 0 : one->type <= 0x100 ? 1 : one->type <= 0x200 ? 2 : one->type <= 0x300 ? 0 : 3;
}

static bool good(uint32_t i)
{
	const struct type_info *info = info_of[i];

	return info == NULL ? given[i].optional : info->body_size == 0 || info->body_size == given[i].length;
}

static bool in_order(const struct igvm_header *one, const struct igvm_header *later)
{
	return its_section(later) == 0 || its_section(one) <= its_section(later);
}

void prove_headers(void)
{
	uint32_t i = any_u8() % HEADERS, j = any_u8() % HEADERS;

	file.headers_size = any_u64();
	int result = check_headers(&file, &error);

	PROVE(result == 0 || result == ERR_FORMAT || result == ERR_UNSUPPORTED, "a documented error");
	if (result == 0) {
		PROVE(at_end && !cut_off, "all headers were looked at");
		PROVE(IMPLIES(i < count, good(i)), "each is known or optional, and as long as its type");
		PROVE(IMPLIES(i < j && j < count, in_order(&given[i], &given[j])), "sections are in order");
		if (count == HEADERS)
			CANARY("accepted");
		return;
	}
	PROVE(error.text != NULL, "a refusal has a reason");
	if (!cut_off) {
		const struct igvm_header *last = &given[count - 1];
		bool disorder = false;

		PROVE(count != 0, "no header, no reason");
		for (uint32_t k = 0; k < HEADERS; k++)
			disorder = disorder || (k < count && !in_order(&given[k], last));
		PROVE(!good(count - 1) || disorder, "the header that is refused is not good");
		PROVE(error.offset == last->offset && error.type == last->type, "the reason names it");
		if (good(count - 1))
			CANARY("out of order");
		else
			CANARY("a header is refused");
	} else {
		CANARY("cut off");
	}
}

void prove_walk(void)
{
	file.headers_size = any_u64();
	int result = check_headers(&file, &error);

	PROVE(result == 0 || result == ERR_FORMAT || result == ERR_UNSUPPORTED, "a documented error");
	if (result == 0)
		CANARY("accepted");
	else
		CANARY("refused");
}

/* ---- opening ---- */

static bool fixed_good, headers_good, headers_seen;

/* What proofs/igvm shows of it. */
int stub_read_fixed_header(struct igvm_file *of, const void *data, uint64_t size, struct igvm_error *why)
{
	of->data = data;
	of->size = any_u64();
	of->headers_offset = any_u64();
	of->headers_size = any_u64();
	if (any_bool())
		return refuse(why, any_bool() ? ERR_FORMAT : ERR_UNSUPPORTED);
	ASSUME(headers_inside(of, size));
	fixed_good = true;
	return 0;
}

/* What prove_headers() and prove_walk() show of it. */
int stub_check_headers(const struct igvm_file *of, struct igvm_error *why)
{
	PROVE(fixed_good, "headers are looked at in a file whose fixed header is good");
	headers_seen = true;
	if (any_bool())
		return refuse(why, any_bool() ? ERR_FORMAT : ERR_UNSUPPORTED);
	headers_good = true;
	return 0;
}

void prove_open(void)
{
	uint64_t size = any_u64();
	const uint8_t *data = __CPROVER_allocate(8, 0); /* read by the functions that are replaced */
	int result = igvm_open(&file, data, size, &error);

	PROVE((result == 0) == (fixed_good && headers_good), "a file is open when all of its headers are good");
	if (result != 0) {
		PROVE((result == ERR_FORMAT || result == ERR_UNSUPPORTED) && error.text != NULL, "a refusal has a reason");
		if (headers_seen)
			CANARY("refused for its headers");
		return;
	}
	PROVE(file.data == data && headers_inside(&file, size), "its headers lie inside");
	CANARY("opened");
}

/* ---- the ID block ---- */

void prove_id_block(void)
{
	struct igvm_snp_id_block block; /* any: what a copy may leave there */
	uint64_t size = any_u64();

	ASSUME(size <= 1ull << 32);
	file.data = __CPROVER_allocate(size, 0);
	file.size = size;
	file.headers_offset = any_u64();
	file.headers_size = any_u64();
	ASSUME(headers_inside(&file, size));
	header.type = any_u32();
	header.length = any_u32();
	header.offset = any_u64();
	header.optional = any_bool();
	int result = igvm_read_id_block(&file, &header, &block, &error);
	uint64_t body = header.offset <= UINT64_MAX - 8 ? header.offset + 8 : 0, end = file.headers_offset + file.headers_size;
	bool its = header.type == IGVM_VHT_SNP_ID_BLOCK && header.length == sizeof(block) && body != 0 && body <= UINT64_MAX - sizeof(block) &&
		   body >= file.headers_offset && body + sizeof(block) <= end;
	bool zero = block.reserved[0] == 0 && block.reserved[1] == 0 && block.reserved[2] == 0 && block.id_public_key.reserved == 0 &&
		    block.author_public_key.reserved == 0;

	PROVE((result == 0) == (its && block.author_key_enabled <= 1 && zero), "a block that is read lies inside and is well-formed");
	if (result == 0) {
		CANARY("read");
		return;
	}
	PROVE((result == ERR_FORMAT || result == ERR_INVALID) && error.text != NULL && error.type == header.type, "a refusal has a reason");
	PROVE(error.offset == (!its ? header.offset : block.author_key_enabled > 1 ? body + 4 : body + 5), "and names the field");
	if (its)
		CANARY("a field is refused");
}
