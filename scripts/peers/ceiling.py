"""How many hashes per second the machine makes when it does nothing else. No login can be faster."""

import hashlib
import multiprocessing
import os
import time

import argon2.low_level
import bcrypt

PASSWORD = b"correct-horse-battery-1"


def argon2id(memory, iterations, parallelism):
    def once():
        argon2.low_level.hash_secret_raw(
            PASSWORD, os.urandom(16), iterations, memory, parallelism, 32, argon2.low_level.Type.ID
        )

    return once


def bcrypt_of(rounds):
    salt = bcrypt.gensalt(rounds)
    return lambda: bcrypt.hashpw(PASSWORD, salt)


def scrypt(n, r, p, length):
    def once():
        hashlib.scrypt(PASSWORD, salt=os.urandom(16), n=n, r=r, p=p, dklen=length, maxmem=256 * n * r)

    return once


KINDS = {"argon2id": argon2id, "bcrypt": bcrypt_of, "scrypt": scrypt}


def rate(kind, numbers, seconds):
    once = KINDS[kind](*numbers)
    once()
    count, start = 0, time.perf_counter()
    while True:
        once()
        count += 1
        took = time.perf_counter() - start
        if took >= seconds:
            return count / took


def ceiling(kind, numbers, seconds, processes):
    """The sum over processes that hash at the same time."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return sum(pool.starmap(rate, [(kind, numbers, seconds)] * processes, chunksize=1))
