/* SPDX-License-Identifier: MIT */
/* The host's table of certificates, of any size and content. */
#include "proofs/prover.h"

#include "lib/certificate_table.c"

static const uint8_t *table;
static uint32_t capacity;
static struct parsed parsed;

static void any_table(void)
{
	capacity = any_u32();
	table = __CPROVER_allocate(capacity, 0);
}

/* Of two certificates that nobody chose. */
static bool good(const struct parsed *of, uint32_t i, uint32_t j)
{
	const struct snp_certificate_entry *a = &of->entry[i], *b = &of->entry[j];

	if (a->length == 0 || a->offset < of->header || a->offset > capacity || a->length > capacity - a->offset)
		return false;
	return i == j || a->offset >= b->offset + b->length || b->offset >= a->offset + a->length;
}

/* What prove_zero() shows of it; which entries are zeros is for the host to choose. */
bool stub_all_zero(const uint8_t *bytes, uint64_t size)
{
	PROVE(size == sizeof(struct snp_certificate_entry) && __CPROVER_r_ok(bytes, size), "an entry inside");
	return any_bool();
}

void prove_zero(void)
{
	uint8_t bytes[sizeof(struct snp_certificate_entry)];
	uint32_t i = any_u8() % sizeof(bytes);

	if (all_zero(bytes, sizeof(bytes))) {
		PROVE(bytes[i] == 0, "every byte is zero");
		CANARY("zeros");
	} else {
		CANARY("an entry");
	}
}

void prove_parse(void)
{
	uint32_t i = any_u8() % CERTIFICATE_TABLE_MAX, j = any_u8() % CERTIFICATE_TABLE_MAX;

	any_table();
	if (parse(table, capacity, &parsed) != 0) {
		CANARY("refused");
		return;
	}
	PROVE(parsed.count <= CERTIFICATE_TABLE_MAX && parsed.header == (parsed.count + 1) * 24 && parsed.header <= capacity, "the table ends inside");
	if (i < parsed.count && j < parsed.count) {
		PROVE(good(&parsed, j, j) && good(&parsed, i, j), "certificates lie inside, behind the table, apart");
		CANARY("a certificate");
	}
}

/* What prove_parse() shows of it. */
int stub_parse(const uint8_t *from, uint32_t size, struct parsed *to)
{
	PROVE(from == table && size == capacity, "the table that was given");
	*to = ANY(struct parsed);
	if (any_bool())
		return ERR_FORMAT;
	ASSUME(to->count <= CERTIFICATE_TABLE_MAX && to->header == (to->count + 1) * 24 && to->header <= capacity);
	for (uint32_t i = 0; i < CERTIFICATE_TABLE_MAX; i++)
		ASSUME(IMPLIES(i < to->count, good(to, i, i)));
	parsed = *to;
	return 0;
}

void prove_size(void)
{
	uint32_t size = any_u32(), i = any_u8() % CERTIFICATE_TABLE_MAX;

	any_table();
	if (certificate_table_size(table, capacity, &size) != 0) {
		CANARY("refused");
		return;
	}
	PROVE(size <= capacity && (size == 0) == (parsed.count == 0), "no more than there is; nothing, when it is empty");
	if (i < parsed.count) {
		PROVE(size >= parsed.entry[i].offset + parsed.entry[i].length, "all certificates are in it");
		CANARY("certificates");
	}
}

static bool is_entry(const uint8_t guid[16], uint32_t offset, uint32_t length)
{
	bool found = false;

	for (uint32_t i = 0; i < CERTIFICATE_TABLE_MAX; i++) {
		const struct snp_certificate_entry *entry = &parsed.entry[i];

		found = found || (i < parsed.count && entry->offset == offset && entry->length == length && memcmp(entry->guid, guid, 16) == 0);
	}
	return found;
}

void prove_find(void)
{
	uint8_t guid[16];
	uint32_t offset = 0, length = 0, i = any_u8() % CERTIFICATE_TABLE_MAX;

	any_table();
	int error = certificate_table_find(table, capacity, guid, &offset, &length);

	if (error == ERR_NOT_FOUND) {
		PROVE(IMPLIES(i < parsed.count, memcmp(parsed.entry[i].guid, guid, 16) != 0), "no certificate of that kind");
		CANARY("not found");
	} else if (error == 0) {
		PROVE(length != 0 && offset <= capacity && length <= capacity - offset, "a certificate lies inside");
		PROVE(is_entry(guid, offset, length), "it is of that kind");
		CANARY("found");
	} else {
		PROVE(error == ERR_FORMAT, "a documented error");
	}
}

/* Of comparisons any result is possible. */
int stub_memcmp(const void *a, const void *b, size_t size)
{
	PROVE(__CPROVER_r_ok(a, size) && __CPROVER_r_ok(b, size), "what is compared is there");
	return any_int();
}

/* What prove_covering() shows of it. */
const struct snp_certificate_entry *stub_covering(const struct parsed *of, uint32_t at)
{
	uint32_t i = any_u8() % CERTIFICATE_TABLE_MAX;

	PROVE(at < capacity && of->count <= CERTIFICATE_TABLE_MAX, "a byte of the table");
	if (i >= of->count || at < of->entry[i].offset || at - of->entry[i].offset >= of->entry[i].length)
		return NULL;
	return &of->entry[i];
}

void prove_covering(void)
{
	uint32_t at = any_u32(), i = any_u8() % CERTIFICATE_TABLE_MAX;

	any_table();
	if (stub_parse(table, capacity, &parsed) != 0 || at >= capacity)
		return;
	const struct snp_certificate_entry *entry = covering(&parsed, at);

	if (entry == NULL) {
		PROVE(IMPLIES(i < parsed.count, at < parsed.entry[i].offset || at >= parsed.entry[i].offset + parsed.entry[i].length), "no certificate has the byte");
		CANARY("none");
		return;
	}
	PROVE(entry >= parsed.entry && entry < parsed.entry + parsed.count, "a certificate of the table");
	PROVE(at >= entry->offset && at < entry->offset + entry->length, "that has the byte");
	CANARY("one");
}

/* A table of a file: each byte is looked at, inside, and looking ends. */
void prove_check(void)
{
	any_table();
	int error = certificate_table_check(table, capacity);

	PROVE(error == 0 || error == ERR_FORMAT, "a documented error");
	if (error == 0) {
		PROVE(parsed.count != 0, "it is not empty");
		CANARY("accepted");
	}
}
