#!/bin/sh
# Runs once, when the database container makes its data: an owner for migrations, and a role that owns nothing.
set -e
psql -v ON_ERROR_STOP=1 -v owner="$OWNER_PASSWORD" -v app="$APP_PASSWORD" --username postgres <<'SQL'
CREATE ROLE guanjia_owner LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'owner';
CREATE ROLE guanjia_app LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'app';
CREATE DATABASE guanjia OWNER guanjia_owner;
SQL
