/* Position: where a link is in its source's log: a text that only its engine reads.
 *
 *   PostgreSQL        0/16B3748                    end_lsn of the last transaction
 *   MySQL, GTIDs      uuid:1-77,uuid2:tag:1-5      all transactions in the set are done
 *   MariaDB           0-1-77,1-2-9                 the last GTID of each domain
 *   without GTIDs     binlog.000003:4711           after the last transaction's end
 *
 * Stored in `millrace.checkpoint`, acknowledged to the source, printed in every error.
 * The text is NUL-terminated and lies in an arena or in the struct's owner.
 */
#ifndef MILLRACE_MODEL_POSITION_H
#define MILLRACE_MODEL_POSITION_H

enum position_order {
    POSITION_BEFORE = -1, /* a is strictly before b: b holds all that a holds, and more */
    POSITION_EQUAL = 0,
    POSITION_AFTER = 1,
    POSITION_UNRELATED = 2, /* each holds something that the other lacks, or not of one form */
};

#endif
